"""The stage-chaining sweeper: `hydra/sweeper: bscnet_chain`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from hydra.core.config_store import ConfigStore
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig
from rich.console import Console

from bscnet.chain.chain import Chain
from bscnet.chain.device import require_device, set_allocator
from bscnet.chain.failure import failure_of
from bscnet.chain.overrides import sweep_points
from bscnet.chain.rehearsal import rehearse
from bscnet.chain.report import give_titles, show_chain, show_launcher_logs, shown_path, sweep_table
from bscnet.chain.runner import ChainRunner
from bscnet.chain.settings import typed_settings
from bscnet.errors import InputError, shown
from bscnet.run import COMMAND, overrides_first
from bscnet.runs.layout import is_scored
from bscnet.runs.stage import StageOutcome
from bscnet.settings.schema import register

# Hydra runs a plugin's module before it is in sys.modules, where a dataclass cannot be made: plain dicts instead.
ConfigStore.instance().store(
    group="hydra/sweeper",
    name="bscnet_chain",
    node={"_target_": "hydra_plugins.bscnet_chain_sweeper.sweeper.ChainSweeper"},
    provider="bscnet",
)

register()

_LAUNCHERS_HERE = ("basic_launcher", "joblib_launcher")
"""Launchers that run stages on this machine, whose devices are then known."""


_FILE_WIDTH = 200
"""Columns of what is written to a file: no window cuts tables there."""


class ChainSweeper(Sweeper):
    """Expands sweeps into points and runs every point as a chain of stages, see `ChainRunner`.

    Ends with SystemExit where something failed: 2 if the user can mend all of it, 1 otherwise, 130 after Ctrl-C.
    """

    def __init__(self) -> None:
        self.config: DictConfig | None = None
        self.hydra_context: HydraContext | None = None
        self._task_function: TaskFunction | None = None
        self._console = Console()
        if not self._console.is_terminal:
            self._console.width = max(self._console.width, _FILE_WIDTH)

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Called by Hydra."""
        self.config = config
        self.hydra_context = hydra_context
        self._task_function = task_function

    def sweep(self, arguments: list[str]) -> list[list[StageOutcome]]:
        """Run all chains; the outcomes of each, in the order of the points."""
        chains: list[Chain] = []
        status = shown(lambda: self._run(arguments, chains))
        if status != 0:
            raise SystemExit(status)
        return [chain.manifest.stages for chain in chains]

    def _run(self, arguments: list[str], chains: list[Chain]) -> int:
        runner = self._runner()
        chains.extend(self._compose(point) for point in self._points(arguments))
        _require_own_folders(chains)
        give_titles(chains)
        if not self._run_chains(runner, chains):
            return 130
        return self._close(runner, chains)

    def _runner(self) -> ChainRunner:
        assert self.hydra_context is not None and self.config is not None and self._task_function is not None
        launcher = Plugins.instance().instantiate_launcher(
            hydra_context=self.hydra_context, task_function=self._task_function, config=self.config
        )
        return ChainRunner(launcher, self._console)

    def _run_chains(self, runner: ChainRunner, chains: Sequence[Chain]) -> bool:
        """Open chains and run what is left of them; False after Ctrl-C, with the command that goes on."""
        assert self.config is not None
        opened: list[Chain] = []
        try:
            for chain in chains:
                chain.open()
                opened.append(chain)
                if chain.next_spec() is None:
                    self._console.print(f"{shown_path(chain.directory)}: everything is done", highlight=False)
            if any(chain.next_spec() is not None for chain in chains):
                show_launcher_logs(self._console, self.config.hydra.launcher)
            runner.run(chains)
        except KeyboardInterrupt:
            print(f"interrupted; this goes on where it stopped: {_resume_command()}", file=sys.stderr)
            return False
        finally:
            for chain in opened:
                chain.interrupt()  # nothing where it has ended
                chain.close()
        return True

    def _points(self, arguments: list[str]) -> list[list[str]]:
        assert self.hydra_context is not None
        return sweep_points(arguments, OverridesParser.create(config_loader=self.hydra_context.config_loader))

    def _compose(self, overrides: list[str]) -> Chain:
        """The chain of one point. All points are composed and checked before the first stage of any starts."""
        assert self.hydra_context is not None and self.config is not None
        cfg = self.hydra_context.config_loader.load_sweep_config(self.config, overrides)
        chain = Chain(typed_settings(cfg), overrides)
        here = any(launcher in self.config.hydra.launcher._target_ for launcher in _LAUNCHERS_HERE)
        if chain.was_finished:
            return chain
        if here:
            set_allocator(chain.settings.trainer)  # torch is first used here
            require_device(chain.settings)
        rehearse(chain.settings, [spec for spec in chain.specs if spec.index in chain.wanted], here, *chain.start())
        return chain

    def _close(self, runner: ChainRunner, chains: Sequence[Chain]) -> int:
        """Show what came out; the exit status."""
        for chain in chains:
            if chain.manifest.stages:
                show_chain(self._console, chain)
                if chain.failure is None and not self._is_told(chain) and self._score(chain):
                    self._tell_gain(chain)
        if len(chains) > 1:
            self._console.print(sweep_table(chains))
        return tell_failures(runner.mendable, chains)

    @staticmethod
    def _is_told(chain: Chain) -> bool:
        """Whether the run before has scored the chain already, to its end, and told it to the logger."""
        from bscnet.chain.loggers import is_logged

        scored = chain.was_finished and is_scored(chain.directory, chain.settings.picture)
        return scored and is_logged(chain.settings, chain.directory)

    def _score(self, chain: Chain) -> bool:
        """Scores and pages are an extra: where they cannot be made, one line says why and the chain stays finished.

        Whether they were made.
        """
        try:
            from bscnet.chain.loggers import logs_to_wandb
            from bscnet.chain.scores import write_scores
            from bscnet.chain.wandb_runs import where_to_look

            written = write_scores(chain)
            if logs_to_wandb(chain.settings):
                line = where_to_look(chain.settings.logger, chain.directory, shown_path(chain.directory))
                self._console.print(line, highlight=False, soft_wrap=True)
        except Exception as error:
            what = "page of a scene" if chain.settings.picture else "scores of scenes"
            self._console.print(f"no {what}: {failure_of(error).reason}", highlight=False)
            return False
        if written:
            names = ", ".join(path.name for path in written)
            text = f"best and worst validation scene: {names} in {shown_path(chain.directory)}"
            self._console.print(text, highlight=False, soft_wrap=True)
        return True

    def _tell_gain(self, chain: Chain) -> None:
        """What the native backend would have gained; an extra as well."""
        try:
            from bscnet.chain.native_gain import native_gain

            sentence = native_gain(chain)
        except Exception as error:
            sentence = f"the native backend was not timed: {failure_of(error).reason}"
        if sentence is not None:
            self._console.print(sentence, highlight=False, soft_wrap=True)


def tell_failures(mendable: Sequence[bool], chains: Sequence[Chain]) -> int:
    """A line for each chain that has failed; the exit status.

    Args:
        mendable: of each failure, whether the user can mend it.
        chains: all of them.
    """
    for chain in chains:
        if chain.failure is not None:
            print(f"error: {shown_path(chain.directory)}: {chain.failure}", file=sys.stderr)
    if not mendable:
        return 0
    return 2 if all(mendable) else 1


def start_command() -> str:
    """The command that started this process, without its overrides."""
    main = sys.modules["__main__"].__spec__
    if sys.argv[0] == COMMAND:
        return COMMAND
    return f"python -m {main.name}" if main is not None else shlex.join(["python", sys.argv[0]])


def _resume_command() -> str:
    given = [argument for argument in sys.argv[1:] if not argument.startswith("resume=")]
    return f"{start_command()} {shlex.join(overrides_first([*given, 'resume=true']))}"


def _require_own_folders(chains: Sequence[Chain]) -> None:
    """See that no two points of a sweep would be resumed in one folder: they differ in nothing that is computed.

    Raises:
        InputError: two would.
    """
    known: dict[Path, Chain] = {}
    for chain in chains:
        other = known.setdefault(chain.home, chain)
        if other is not chain and chain.settings.resume:
            differ = [override for override in chain.overrides if override not in other.overrides]
            raise InputError(
                f"resume=true goes on with one chain in {shown_path(chain.home)} for two points of the sweep, which "
                f"{' '.join(differ)} does not tell apart: sweep over what changes the result"
            )
