"""Hyper-parameter search over whole chains: `hydra/sweeper=optuna`, see conf/hydra/sweeper/optuna.yaml."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import InstantiationException
from hydra.utils import instantiate

from bscnet.chain.chain import Chain
from bscnet.chain.report import shown_path
from bscnet.errors import InputError
from bscnet.evaluation.percent import percent
from bscnet.installation import extra_of, how_to_install, missing
from bscnet.settings.rules import Number, Text, refusal
from bscnet.tuning.report import BEST_NAME, TABLE_NAME, short_overrides, trials_table, write_results
from bscnet.tuning.space import Space, at_home, read_space
from bscnet.tuning.trials import Trial, Trials
from hydra_plugins.bscnet_chain_sweeper.sweeper import ChainSweeper, start_command, tell_failures

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


_COUNT, _SEED, _SHARE = Number(1, whole=True), Number(0, whole=True, optional=True), Number(0, high=1)
_STORAGE = Text(optional=True)


class OptunaSweeper(ChainSweeper):
    """Has Optuna choose the points; each is a chain, whose score is the val mIoU of its last stage.

    The search has a folder of its own, with Optuna's storage and the trials' chains, each of which can be resumed:
    after an interruption `resume=true` takes up the trials that were running where they were, and goes on with new
    ones.

    Args: see conf/hydra/sweeper/optuna.yaml.
    """

    def __init__(
        self,
        n_trials: int,
        n_jobs: int,
        sampler: Mapping[str, Any],
        study_name: str | None,
        storage: str | None,
        max_failure_rate: float,
        params: Mapping[str, Any] | None,
    ) -> None:
        super().__init__()
        self._total, self._at_a_time = n_trials, n_jobs
        self._sampler_options = sampler
        self._name, self._storage = None if study_name is None else str(study_name), storage
        self._failure_rate = max_failure_rate
        self._params = params

    def _run(self, arguments: list[str], chains: list[Chain]) -> int:
        space = self._space(arguments)
        assert self.config is not None
        output = Path(str(self.config.output_dir)).expanduser().absolute()
        home = output / (self._name or f"optuna-{space.digest}")
        trials = Trials(home, space, self._sampler, self._storage, bool(self.config.resume))
        self._console.print(f"{shown_path(trials.directory)}: search", highlight=False, soft_wrap=True)
        while batch := trials.batch(self._at_a_time, self._total):
            status = self._run_batch(space, trials, batch, chains)
            write_results(trials.directory, space, trials.all(), trials.best())
            if status != 0:
                return status
        self._tell(space, trials)
        return 0

    def _space(self, arguments: Sequence[str]) -> Space:
        for name, value in (("n_trials", self._total), ("n_jobs", self._at_a_time)):
            if not _COUNT.accepts(value):
                raise refusal(f"hydra.sweeper.{name}", value, _COUNT)
        if missing("optuna"):
            advice = how_to_install(extra_of("optuna"))
            raise InputError(f"hydra/sweeper=optuna needs the package optuna, which is not installed: {advice}")
        if not _SHARE.accepts(self._failure_rate):
            raise refusal("hydra.sweeper.max_failure_rate", self._failure_rate, _SHARE)
        if self._name is not None and (self._name in ("", ".", "..") or Path(self._name).name != self._name):
            raise InputError(f"hydra.sweeper.study_name={self._name} is not usable: it is the name of a folder")
        seed, params = self._sampler_options.get("seed"), self._params if self._params is not None else {}
        if not _SEED.accepts(seed):
            raise refusal("hydra.sweeper.sampler.seed", seed, _SEED)
        if not _STORAGE.accepts(self._storage):
            raise refusal("hydra.sweeper.storage", self._storage, _STORAGE)
        if not isinstance(params, Mapping):
            raise InputError(f"hydra.sweeper.params={params} is not usable: it must be keys and values")
        assert self.hydra_context is not None
        parser = OverridesParser.create(config_loader=self.hydra_context.config_loader)
        return read_space([*(f"{key}={value}" for key, value in params.items()), *arguments], parser)

    def _sampler(self, number: int) -> BaseSampler:
        options = dict(self._sampler_options)
        if options.get("seed") is not None:
            options["seed"] += number
        try:
            found: BaseSampler = instantiate(options)
        except (InstantiationException, TypeError) as error:
            reason = str(error.__cause__ or error).splitlines()[0]
            raise InputError(f"hydra.sweeper.sampler={options} is no sampler of Optuna's: {reason}") from error
        return found

    def _run_batch(self, space: Space, trials: Trials, batch: Sequence[Trial], chains: list[Chain]) -> int:
        """Run trials side by side and record what came out; not 0 where the search ends here."""
        runner = self._runner()
        wanted: dict[Path, Chain] = {}
        refused: dict[int, str] = {}
        homes: dict[int, Path] = {}
        for trial in batch:
            self._console.print(f"trial {trial.number}: {short_overrides(trial)}", highlight=False, soft_wrap=True)
            try:
                chain = self._compose(at_home(space.overrides(trial.params), str(trials.directory)))
            except InputError as error:
                refused[trial.number] = str(error)
                continue
            chain.title = f"trial {trial.number}"
            homes[trial.number] = chain.home
            wanted.setdefault(chain.home, chain)  # a point that is drawn twice is trained once
        chains.extend(wanted.values())
        if not self._run_chains(runner, list(wanted.values())):
            return 130
        found = {number: wanted[home] for number, home in homes.items()}
        failed = refused | {number: chain.failure for number, chain in found.items() if chain.failure is not None}
        too_many = len(failed) > self._failure_rate * len(batch)
        for trial in batch:
            if trial.number not in failed:
                self._complete(trials, trial, found[trial.number])
            elif not too_many:  # else it is still to be run, and resume=true does it
                trials.fail(trial, failed[trial.number])
        if not too_many:
            return 0
        for number, reason in refused.items():
            print(f"error: trial {number}: {reason}", file=sys.stderr)
        return tell_failures([*runner.mendable, *(True for _ in refused)], list(wanted.values()))

    def _complete(self, trials: Trials, trial: Trial, chain: Chain) -> None:
        if not self._is_told(chain):
            self._score(chain)
        trials.complete(trial, chain.manifest.stages[-1].val_miou, chain.directory)

    def _tell(self, space: Space, trials: Trials) -> None:
        known, best = trials.all(), trials.best()
        self._console.print(trials_table(space, known))
        lines = [f"{name} in {shown_path(trials.directory)}" for name in (TABLE_NAME, BEST_NAME)]
        if best is None:
            lines = [lines[0], "no trial has a score"]
        else:
            words = shlex.join(space.overrides(best.params))
            lines += [
                f"best: trial {best.number}, val mIoU {percent(best.val_miou)}",
                f"again: {start_command()} {words}",
            ]
        for line in lines:
            self._console.print(line, highlight=False, soft_wrap=True)
