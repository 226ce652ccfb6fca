"""Which checkpoint a path means: a chain's directory, a stage's directory or the file itself."""

from __future__ import annotations

from pathlib import Path

from bscnet.errors import InputError
from bscnet.runs.layout import BEST, LAST, OUTCOME_NAME, RESULT_NAME, checkpoint_folder, stage_directory
from bscnet.runs.manifest import Manifest
from bscnet.runs.outcome import load_outcome
from bscnet.runs.stage import StageOutcome


def find_checkpoint(path: Path) -> Path:
    """The checkpoint of a chain's last finished stage, the one that a stage recorded (else its best), or the file.

    Raises:
        InputError: there is none, or a record cannot be read.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise InputError(f"{path}: there is no such run or checkpoint")
    if (path / RESULT_NAME).is_file():
        stages = Manifest.load(path).stages
        if not stages:
            raise InputError(f"{path}: no stage of this chain is finished, so there is no network yet")
        return _checkpoint(stages[-1], stage_directory(path, stages[-1].stage))
    if (path / OUTCOME_NAME).is_file():
        return _checkpoint(load_outcome(path), path)
    for name in (BEST, LAST):
        if (checkpoint_folder(path) / name).is_file():
            return checkpoint_folder(path) / name
    raise InputError(
        f"{path} is no run: give a chain's directory (with {RESULT_NAME}), a stage's directory (with checkpoints) "
        "or a .ckpt file"
    )


def _checkpoint(outcome: StageOutcome, directory: Path) -> Path:
    found = Path(outcome.checkpoint)
    if not found.is_file():
        raise InputError(f"{directory}: the checkpoint of this stage, {found}, is gone")
    return found
