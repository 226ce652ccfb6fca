"""Which chains lie below a folder, which of them are finished, and which may be compared."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from bscnet.errors import InputError
from bscnet.runs.directory import newest_run, runs
from bscnet.runs.layout import LAST, RESULT_NAME, checkpoint_folder, stage_directories
from bscnet.runs.manifest import Manifest
from bscnet.settings.composed import Settings


def chain_manifests(folder: str | Path) -> list[Manifest]:
    """The records of all chains below a folder, oldest first.

    Raises:
        InputError: one cannot be read.
    """
    paths = sorted(Path(folder).glob(f"**/{RESULT_NAME}"), key=lambda path: (path.stat().st_mtime, str(path)))
    return [Manifest.load(path.parent) for path in paths]


def run_to_resume(home: Path) -> Path | None:
    """The newest run of one configuration that has a checkpoint; where none has, the newest; None: there is none."""
    return next(filter(_has_begun, runs(home)), newest_run(home))


def _has_begun(run: Path) -> bool:
    return any((checkpoint_folder(stage) / LAST).is_file() for stage in stage_directories(run))


def newest_manifest(home: Path) -> Manifest | None:
    """The record of the run that `resume: true` takes; None: there is none, or it was killed before it wrote one.

    Raises:
        InputError: it cannot be read.
    """
    run = run_to_resume(home)
    return Manifest.load(run) if run is not None and (run / RESULT_NAME).is_file() else None


def is_finished(manifest: Manifest) -> bool:
    """Whether every stage from the first to the last that was asked for is there: a later stage run alone is none."""
    whole = [row.stage for row in manifest.stages] == manifest.planned and manifest.planned[:1] == [1]
    return manifest.status == "finished" and whole


def finished_manifests(folder: str | Path) -> list[Manifest]:
    """The records of the finished chains below a folder, oldest first.

    Raises:
        InputError: a record cannot be read.
    """
    return [manifest for manifest in chain_manifests(folder) if is_finished(manifest)]


def require_comparable(settings: Mapping[Path, Settings], free: Collection[str] = ()) -> None:
    """See that chains (settings by directory) had the same model, recipe and data, whatever those are called.

    free: settings of the data that may differ.

    Raises:
        InputError: names the first two that differ, and in what.
    """
    compared = [(directory, _compared(found.plain, free)) for directory, found in settings.items()]
    for directory, values in compared[1:]:
        first, wanted = compared[0]
        for key in {**wanted, **values}:
            if (key in values, values.get(key)) != (key in wanted, wanted.get(key)):
                raise InputError(f"{first} and {directory} differ in {key}, so no table may mix them")


_COMPARED = ("model", "recipe", "optimizer", "schedule", "loss", "augmentation")
"""Config groups that have to be equal. Runs of older versions lack some of them, and are not mixed with newer ones."""


def _compared(settings: Mapping[str, Any], free: Collection[str]) -> dict[str, Any]:
    data = {f"data.{key}": value for key, value in settings["data"].items() if key not in free}
    return {group: settings.get(group) for group in _COMPARED} | data
