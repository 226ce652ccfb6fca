"""`outcome.json`: what a finished stage left behind, kept in its own folder."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from bscnet.errors import InputError
from bscnet.runs.layout import OUTCOME_NAME, checkpoint_folder
from bscnet.runs.records import read_record
from bscnet.runs.stage import StageOutcome
from bscnet.whole_file import write_json_whole


def save_outcome(directory: Path, outcome: StageOutcome) -> None:
    """Leave a finished stage's record in its own directory, where it survives the death of the chain's process."""
    write_json_whole(directory / OUTCOME_NAME, asdict(outcome))


def load_outcome(directory: Path) -> StageOutcome:
    """Read what `save_outcome` wrote, with the paths of the stage as it lies now.

    Raises:
        InputError: the file cannot be read or is not such a record.
    """
    path = directory / OUTCOME_NAME
    try:
        return as_it_lies(StageOutcome(**read_record(path)), directory)
    except TypeError as error:
        raise InputError(f"{path} is not the record of a stage: {error}") from error


def as_it_lies(outcome: StageOutcome, directory: Path) -> StageOutcome:
    """The record with the paths that its files have in a stage's directory.

    A run that was moved or copied as a whole brings its files along: what lies in its directory counts, and a recorded
    path only where nothing lies there.
    """
    checkpoint = checkpoint_folder(directory) / Path(outcome.checkpoint).name
    if checkpoint.is_file():
        outcome = replace(outcome, checkpoint=str(checkpoint))
    if outcome.plan_path is not None and (plan := directory / Path(outcome.plan_path).name).is_file():
        outcome = replace(outcome, plan_path=str(plan))
    return outcome
