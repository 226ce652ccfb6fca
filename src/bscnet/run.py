"""`python -m bscnet.run`: all stages of a method, one stage alone, or a sweep of either. See conf/config.yaml."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from bscnet.chain.job import RANK_DIRECTORY, is_further_rank, stage_job
from bscnet.errors import InputError, shown
from bscnet.paths import config_dir

if TYPE_CHECKING:
    from bscnet.chain.failure import StageFailure
    from bscnet.training.stage import StageOutcome


def task(cfg: DictConfig) -> StageOutcome | StageFailure:
    """What Hydra runs for every job: one stage, in the job's output directory."""
    return stage_job(cfg, Path(HydraConfig.get().runtime.output_dir))


def main() -> int:
    """Run what the command line asks for; the exit status.

    A process that DDP started beside the first one has the same command line, but runs that one stage only.
    """
    if is_further_rank():
        return shown(_join_stage)
    return shown(_run_hydra)


def _run_hydra() -> int:
    hydra.main(config_path=config_dir(), config_name="config", version_base="1.3")(task)()
    return 0


def _join_stage() -> int:
    directory = Path(os.environ[RANK_DIRECTORY])
    cfg = OmegaConf.load(directory / ".hydra" / "config.yaml")
    if not isinstance(cfg, DictConfig):
        raise InputError(f"{directory / '.hydra' / 'config.yaml'} is not the configuration of a stage")
    result = stage_job(cfg, directory)
    if hasattr(result, "reason"):
        print(f"error: process {os.environ['LOCAL_RANK']} of the stage: {result.reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
