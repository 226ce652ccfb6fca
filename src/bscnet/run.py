"""`python -m bscnet.run`: all stages of a method, one stage alone, or a sweep of either. See conf/config.yaml."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from bscnet.chain.job import join_stage, stage_job
from bscnet.chain.processes import STAGE_DIRECTORY
from bscnet.chain.settings import composition_error
from bscnet.errors import shown
from bscnet.paths import config_dir

if TYPE_CHECKING:
    from bscnet.chain.failure import StageFailure
    from bscnet.runs.stage import StageOutcome


_RAISE = "HYDRA_FULL_ERROR"


def task(cfg: DictConfig) -> StageOutcome | StageFailure:
    """What Hydra runs for every job: one stage, in the job's output directory."""
    return stage_job(cfg, Path(HydraConfig.get().runtime.output_dir))


def main() -> int:
    """Run what the command line asks for, or be one process of a stage on several devices; the exit status."""
    directory = os.environ.get(STAGE_DIRECTORY)
    if directory is not None:
        return shown(lambda: join_stage(Path(directory)))
    return shown(_run_hydra)


def _run_hydra() -> int:
    """Run Hydra, which with this variable raises what it would otherwise print in lines of its own.

    Raises:
        InputError: an unknown key or choice.
    """
    before = os.environ.get(_RAISE)
    os.environ[_RAISE] = "1"
    try:
        hydra.main(config_path=config_dir(), config_name="config", version_base="1.3")(task)()
    except (HydraException, OmegaConfBaseException) as error:
        raise composition_error(error) from error
    finally:
        if before is None:
            del os.environ[_RAISE]
        else:
            os.environ[_RAISE] = before
    return 0


if __name__ == "__main__":
    sys.exit(main())
