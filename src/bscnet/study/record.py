"""What is kept of a finished chain, and the file that all of a study are kept in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bscnet.chain.cost import chain_cost
from bscnet.chain.reopen import recorded_settings
from bscnet.errors import InputError
from bscnet.runs.layout import SCORES_NAME, stage_directory
from bscnet.runs.manifest import Manifest
from bscnet.runs.records import read_record
from bscnet.search import ShiftPlan
from bscnet.study.cases import Case


@dataclass(frozen=True)
class Record:
    """A finished chain of a study, as plain values.

    Attributes:
        case: which one.
        scores: miou, macc, acc (fractions) and loss of the last stage's checkpoint over the validation split.
        iou: by class, fractions; None where the split has none of it.
        stages: name, epochs and miou of every stage, in order.
        epochs, seconds: of all stages together.
        costs: what `chain_cost` gives of the final network.
        plan: what a search of the chain decided, layer -> shifts; None where it had none.
        search: how sure it was.
        commit, backend: that it ran on.
    """

    case: Case
    scores: dict[str, float]
    iou: dict[str, float | None]
    stages: list[dict[str, Any]]
    epochs: int
    seconds: float
    costs: dict[str, float]
    plan: dict[str, Any] | None = None
    search: dict[str, Any] | None = None
    commit: str | None = None
    backend: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def record_of(case: Case, manifest: Manifest) -> Record:
    """Read a finished chain.

    Raises:
        InputError: a record of it is gone or cannot be read.
    """
    last = manifest.stages[-1]
    settings = recorded_settings(stage_directory(manifest.directory, last.stage))
    whole = read_record(manifest.directory / SCORES_NAME)
    searches = [stage for stage in manifest.stages if stage.search is not None]
    plan = ShiftPlan.load(str(searches[-1].plan_path)) if searches else None
    facts = ("method", "model", "data", "voxel_size", "recipe")
    return Record(
        case=case,
        scores=dict(last.scores or {"miou": last.val_miou}),
        iou={name: row["iou"] for name, row in whole["classes"].items()},
        stages=[{"name": one.name, "epochs": one.epochs, "miou": one.val_miou} for one in manifest.stages],
        epochs=sum(one.epochs for one in manifest.stages),
        seconds=sum(one.seconds for one in manifest.stages),
        costs=chain_cost(manifest, settings),
        plan=None if plan is None else {name: [list(s) for s in rows] for name, rows in plan.shifts.items()},
        search=searches[-1].search if searches else None,
        commit=manifest.facts["commit"],
        backend=manifest.facts["backend"],
        facts={key: manifest.facts[key] for key in facts},
    )


def save_plan(record: Record, path: Path) -> Path:
    """Write the plan of a record as a file; InputError: its chain has searched none."""
    if record.plan is None:
        raise InputError(f"{record.case} has no search, so there is no plan to take from it")
    shifts = {name: tuple((s[0], s[1], s[2]) for s in rows) for name, rows in record.plan.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    ShiftPlan(shifts, record.search or {}).save(path)
    return path


def load_records(path: Path) -> dict[Case, Record]:
    """The records that a study's file holds; none where there is no file.

    Raises:
        InputError: the file cannot be read.
    """
    if not path.is_file():
        return {}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["chains"]
        records = [_record(row) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is not the file of a study: {type(error).__name__} {error}") from error
    return {record.case: record for record in records}


def plain(record: Record) -> dict[str, Any]:
    """The record as it stands in the file."""
    found = asdict(record)
    return {**found.pop("case"), **{key: value for key, value in found.items() if value is not None}}


def _record(row: Mapping[str, Any]) -> Record:
    rest = dict(row)
    case = Case(
        section=tuple(rest.pop("section")),
        arm=rest.pop("arm"),
        seed=rest.pop("seed"),
        fold=tuple(rest.pop("fold")),
        overrides=tuple(rest.pop("overrides")),
    )
    return Record(case=case, **rest)
