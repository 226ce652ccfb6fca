"""`result.json`: what a chain is and how far it got. Written atomically: a crash leaves the old or the new one."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from bscnet.errors import InputError
from bscnet.runs.layout import OUTCOME_NAME, RESULT_NAME, outcome_files
from bscnet.runs.stage import StageOutcome
from bscnet.whole_file import write_json_whole

Status = Literal["running", "finished", "failed", "interrupted"]


@dataclass
class Manifest:
    """The record of one chain.

    Attributes:
        directory: the chain's directory.
        facts: method, model, data, root, fold, features, voxel_size, backend, recipe, seed, commit.
        planned: the stages that were asked for.
        status: "finished" once all of those are done; "failed" and "interrupted" chains can be resumed.
        failure: one line why the last stage failed, or None.
        stages: finished stages in order.
    """

    directory: Path
    facts: dict[str, Any]
    planned: list[int]
    status: Status = "running"
    failure: str | None = None
    stages: list[StageOutcome] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """The file itself."""
        return self.directory / RESULT_NAME

    def outcome(self, stage: int) -> StageOutcome | None:
        """The record of a finished stage whose files are still there, or None."""
        for outcome in self.stages:
            if outcome.stage == stage and _files_exist(outcome):
                return outcome
        return None

    def forget_after(self, stage: int) -> None:
        """Drop the records of all stages after this one: they began from a checkpoint that is gone."""
        self.stages = [outcome for outcome in self.stages if outcome.stage <= stage]

    def record(self, outcome: StageOutcome) -> None:
        """Add a finished stage, in place of an older record of the same one."""
        others = [other for other in self.stages if other.stage != outcome.stage]
        self.stages = sorted([*others, outcome], key=lambda item: item.stage)
        if outcome.backend is not None:
            self.facts["backend"] = outcome.backend

    def save(self) -> None:
        """Write `result.json`."""
        content = {
            **self.facts,
            "status": self.status,
            "failure": self.failure,
            "planned": self.planned,
            "stages": [asdict(outcome) for outcome in self.stages],
        }
        write_json_whole(self.path, content)

    @staticmethod
    def load(directory: Path) -> Manifest:
        """Read a chain's record, with stages that finished after it was last written.

        Raises:
            InputError: the file is missing, is not JSON or lacks entries.
        """
        path = directory / RESULT_NAME
        content = read_json(path)
        try:
            manifest = Manifest(
                directory=directory,
                planned=list(content.pop("planned")),
                status=content.pop("status"),
                failure=content.pop("failure"),
                stages=[_moved(StageOutcome(**row), directory) for row in content.pop("stages")],
                facts=content,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path} is not the record of a chain (result.json): {error}") from error
        for place in outcome_files(directory):
            outcome = load_outcome(place)
            if all(known.stage != outcome.stage for known in manifest.stages):
                manifest.record(outcome)
        return manifest


def save_outcome(directory: Path, outcome: StageOutcome) -> None:
    """Leave a finished stage's record in its own directory, where it survives the death of the chain's process."""
    write_json_whole(directory / OUTCOME_NAME, asdict(outcome))


def load_outcome(path: Path) -> StageOutcome:
    """Read what `save_outcome` wrote.

    Raises:
        InputError: the file is not such a record.
    """
    try:
        return _moved(StageOutcome(**read_json(path)), path.parents[1])
    except TypeError as error:
        raise InputError(f"{path} is not the record of a stage: {error}") from error


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InputError: the file cannot be read or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold a JSON object, not {type(content).__name__}")
    return content


def _files_exist(outcome: StageOutcome) -> bool:
    files = [outcome.checkpoint] if outcome.plan_path is None else [outcome.checkpoint, outcome.plan_path]
    return all(Path(file).is_file() for file in files)


def _moved(outcome: StageOutcome, directory: Path) -> StageOutcome:
    """The record with paths that follow a chain's directory which was moved or copied as a whole."""
    content = asdict(outcome)
    for key in ("checkpoint", "plan_path"):
        parts = Path(content[key]).parts if content[key] else ()
        stage = f"stage{outcome.stage}"
        if stage in parts and not Path(content[key]).is_file():
            place = len(parts) - 1 - parts[::-1].index(stage)
            content[key] = str(directory.joinpath(*parts[place:]))
    return StageOutcome(**content)
