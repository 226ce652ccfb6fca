"""A stage on several devices: it gets a process of its own, which starts the others and takes them with it.

Lightning starts the further processes of DDP by running the command again, and kills the first one where a further one
dies. The chain's own process must survive both, so such a stage is the command `python -m bscnet.run` with the stage's
directory in the environment: that command then runs the one stage whose settings lie there.
"""

from __future__ import annotations

import contextlib
import logging.config
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bscnet.chain.device import device_kind
from bscnet.chain.failure import StageFailure
from bscnet.errors import InputError
from bscnet.runs.layout import OUTCOME_NAME
from bscnet.runs.outcome import load_outcome
from bscnet.runs.records import read_record
from bscnet.runs.stage import StageOutcome
from bscnet.settings.composed import Settings
from bscnet.settings.machine import TrainerSettings
from bscnet.whole_file import write_json_whole

STAGE_DIRECTORY = "BSCNET_STAGE_DIR"
"""Environment variable: the directory of the one stage that this process is for."""
_SETTINGS, _FAILURE, _LOGGING = "settings.json", "failure.json", "logging.json"
_TASKS = "SLURM_NTASKS"
"""Environment variable: how many processes SLURM has started for this job step."""
_GROUP_VARIABLES = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "LOCAL_RANK", "WORLD_SIZE", _TASKS, "SLURM_PROCID")
_GRACE_S = 60.0


def needs_processes(trainer: TrainerSettings) -> bool:
    """Whether a Trainer with these options runs on several devices that nobody has started processes for yet."""
    return _device_count(trainer) > 1 and STAGE_DIRECTORY not in os.environ and os.environ.get(_TASKS, "1") == "1"


def _device_count(trainer: TrainerSettings) -> int:
    """On how many devices a Trainer with these options runs; InputError: on GPUs, and this machine has none."""
    devices = trainer.devices
    if devices not in ("auto", -1):
        return len(devices) if isinstance(devices, list | tuple) else int(devices)
    if device_kind(trainer) == "cpu":
        return 1
    import torch

    return torch.cuda.device_count()


def require_nodes(trainer: TrainerSettings) -> None:
    """See that somebody has started the processes on other machines that a Trainer would wait for.

    Raises:
        InputError: nobody has.
    """
    nodes = trainer.further.get("num_nodes", 1)
    if isinstance(nodes, int) and nodes > 1 and os.environ.get(_TASKS, "1") == "1":
        raise InputError(
            f"trainer.num_nodes={nodes} needs a process on each machine, which SLURM alone starts: launcher=submitit "
            "with as many hydra.launcher.nodes"
        )


def is_first_process() -> bool:
    """Whether this process is the one of its stage that writes files."""
    return os.environ.get("SLURM_PROCID", os.environ.get("LOCAL_RANK", "0")) == "0"


def run_apart(
    settings: Settings, directory: Path, job_logging: Mapping[str, Any] | None = None
) -> StageOutcome | StageFailure:
    """Run a stage in a process of its own and wait for it. Ctrl-C reaches it, and passes through here.

    Args:
        settings: of the stage.
        directory: its folder.
        job_logging: how its processes log, as `logging.config.dictConfig` takes it; None: as Python does by itself.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for old in (OUTCOME_NAME, _FAILURE):
        (directory / old).unlink(missing_ok=True)
    write_json_whole(directory / _SETTINGS, settings.plain)
    write_json_whole(directory / _LOGGING, dict(job_logging or {}))
    environment = {key: value for key, value in os.environ.items() if key not in _GROUP_VARIABLES}
    process = subprocess.Popen(
        [sys.executable, "-m", "bscnet.run"],
        env={**environment, STAGE_DIRECTORY: str(directory)},
        start_new_session=True,
    )
    try:
        status = process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_S)
        raise
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # whoever is left of its group
        process.wait()
    if (directory / OUTCOME_NAME).is_file():
        return load_outcome(directory)
    if (directory / _FAILURE).is_file():
        return StageFailure(**read_record(directory / _FAILURE))
    return StageFailure(f"a process of the stage ended with status {status}")


def stage_settings(directory: Path) -> Settings:
    """The settings that `run_apart` left for the stage's processes."""
    return Settings.of(read_record(directory / _SETTINGS))


def log_as_the_job(directory: Path) -> None:
    """Have a process of a stage log as `run_apart` was told; all but the first say nothing but errors.

    Has to be called before Lightning is imported, which gives itself a handler where there is none.
    """
    logging.config.dictConfig({"version": 1, **read_record(directory / _LOGGING)})
    if not is_first_process():
        errors = logging.StreamHandler()
        errors.setLevel(logging.ERROR)
        logging.getLogger().handlers = [errors]
        warnings.simplefilter("ignore")


def leave_failure(directory: Path, failure: StageFailure) -> None:
    """Tell the waiting process why there is no outcome. The first of the stage's processes to fail is heard."""
    if not (directory / _FAILURE).exists():
        write_json_whole(directory / _FAILURE, {"reason": failure.reason, "input_error": failure.input_error})
