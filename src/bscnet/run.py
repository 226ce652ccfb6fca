"""`bscnet run`: all stages of a method, one stage alone, or a sweep of either. See conf/config.yaml.

`python -m bscnet.run` is the same.

What it needs is imported within its functions, so that a package that is not installed is told in one sentence.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bscnet.errors import shown
from bscnet.paths import config_dir
from bscnet.termination import end_on_sigterm

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from bscnet.chain.failure import StageFailure
    from bscnet.runs.stage import StageOutcome


COMMAND = "bscnet run"
"""What `sys.argv` begins with where the program was started by that command."""

_WITH_VALUE = (
    "--package",
    "-p",
    "--config-path",
    "-cp",
    "--config-name",
    "-cn",
    "--config-dir",
    "-cd",
    "--cfg",
    "-c",
    "--experimental-rerun",
)
"""Options of Hydra's whose value is the next word."""

_RAISE = "HYDRA_FULL_ERROR"


def task(cfg: DictConfig) -> StageOutcome | StageFailure:
    """What Hydra runs for every job: one stage, in the job's output directory."""
    from hydra.core.hydra_config import HydraConfig
    from omegaconf import OmegaConf

    from bscnet.chain.job import stage_job

    job_logging: Any = OmegaConf.to_container(HydraConfig.get().job_logging, resolve=True)
    return stage_job(cfg, Path(HydraConfig.get().runtime.output_dir), job_logging)


def main(words: Sequence[str] | None = None) -> int:
    """Run what the command line asks for, or be one process of a stage on several devices; the exit status.

    Args:
        words: what stands after `bscnet run`; None: the words are those of `python -m bscnet.run`.
    """
    if words is not None:
        sys.argv = [COMMAND, *words]
    sys.argv[1:] = overrides_first(sys.argv[1:])
    return shown(_run)


def overrides_first(words: Sequence[str]) -> list[str]:
    """A command line with its overrides before its options: argparse takes them as one piece alone, as in `a=1 -m`."""
    overrides, others = _parted(words)
    return [*overrides, *others]


def _parted(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Overrides, and options of Hydra's with their values."""
    overrides: list[str] = []
    others: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        is_override = word.startswith("~") or ("=" in word and not word.startswith("-"))
        (overrides if is_override and before not in _WITH_VALUE else others).append(word)
    return overrides, others


def _run() -> int:
    from bscnet.chain.processes import STAGE_DIRECTORY

    directory = os.environ.get(STAGE_DIRECTORY)
    if directory is None:
        return _run_hydra()
    from bscnet.chain.job import join_stage

    try:
        return join_stage(Path(directory))
    except KeyboardInterrupt:  # the process that waits for this one says it
        return 130


def _run_hydra() -> int:
    """Run Hydra, which with this variable raises what it would otherwise print in lines of its own.

    Raises:
        InputError: an unknown key or choice.
    """
    import hydra

    from bscnet.chain.settings import composing

    logging.raiseExceptions = False  # a full disk ends no training by a traceback for each line of its log
    before = os.environ.get(_RAISE)
    os.environ[_RAISE] = "1"
    try:
        with composing(_parted(sys.argv[1:])[0]):
            hydra.main(config_path=config_dir(), config_name="config", version_base="1.3")(task)()
    finally:
        if before is None:
            del os.environ[_RAISE]
        else:
            os.environ[_RAISE] = before
    return 0


if __name__ == "__main__":
    end_on_sigterm()
    sys.exit(main())
