"""`result.json`: what a chain is and how far it got. Written atomically: a crash leaves the old or the new one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from bscnet.errors import InputError
from bscnet.runs.layout import OUTCOME_NAME, RESULT_NAME, stage_directories, stage_directory
from bscnet.runs.outcome import as_it_lies, load_outcome
from bscnet.runs.records import read_record
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
        content = read_record(path)
        try:
            manifest = Manifest(
                directory=directory,
                planned=list(content.pop("planned")),
                status=content.pop("status"),
                failure=content.pop("failure"),
                stages=[_here(StageOutcome(**row), directory) for row in content.pop("stages")],
                facts=content,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path} is not the record of a chain (result.json): {error}") from error
        for folder in stage_directories(directory):
            if not (folder / OUTCOME_NAME).is_file():
                continue
            outcome = load_outcome(folder)
            if all(known.stage != outcome.stage for known in manifest.stages):
                manifest.record(outcome)
        return manifest


def _files_exist(outcome: StageOutcome) -> bool:
    files = [outcome.checkpoint] if outcome.plan_path is None else [outcome.checkpoint, outcome.plan_path]
    return all(Path(file).is_file() for file in files)


def _here(outcome: StageOutcome, directory: Path) -> StageOutcome:
    return as_it_lies(outcome, stage_directory(directory, outcome.stage))
