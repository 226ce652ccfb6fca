"""Which chains the table wants, which are finished, and how the others are run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common.chains import chain_settings, effort, last_scores
from bscnet.errors import InputError
from bscnet.runs.finished import finished_manifests, require_comparable
from bscnet.runs.manifest import Manifest
from bscnet.settings.composed import Settings

PLAIN = ("intensity", "offset")
WITH_HEIGHT = (*PLAIN, "above_ground")
_FREE = ("fold", "features", "in_channels", "num_workers", "prepare_maps", "cache_dir", "datamodule")
"""What chains of one table may differ in: the case, and what moves no score. `datamodule` repeats the other entries."""


@dataclass(frozen=True)
class Case:
    """One chain of the table."""

    method: str
    fold: int
    seed: int
    features: tuple[str, ...] = PLAIN

    @property
    def overrides(self) -> list[str]:
        """What makes the experiment this chain."""
        return [
            f"method={self.method}",
            f"data.fold={self.fold}",
            f"seed={self.seed}",
            f"data.features=[{','.join(self.features)}]",
        ]

    def __str__(self) -> str:
        seeing = " with height" if "above_ground" in self.features else ""
        return f"{self.method} fold {self.fold} seed {self.seed}{seeing}"


@dataclass(frozen=True)
class Result:
    """What a finished chain scored: fractions, `iou` by class name. seconds, epochs: of all stages."""

    case: Case
    manifest: Manifest
    settings: Settings
    miou: float
    acc: float
    iou: Mapping[str, float]
    epochs: int
    seconds: float


def wanted_cases(
    methods: Sequence[str], folds: Sequence[int], seeds: Sequence[int], height_seeds: Sequence[int]
) -> list[Case]:
    """The cases in the order in which they are run: a whole table of the first seed comes first."""
    order: list[tuple[int, tuple[str, ...]]] = [(seed, PLAIN) for seed in seeds[:1]]
    order += [(seed, WITH_HEIGHT) for seed in height_seeds]
    order += [(seed, PLAIN) for seed in seeds[1:]]
    return [Case(method, fold, seed, features) for seed, features in order for fold in folds for method in methods]


def finished(folder: Path) -> dict[Case, Result]:
    """The newest finished chain of every case below a folder.

    Raises:
        InputError: a record cannot be read; chains of other data, or that differ in more than a table may mix.
    """
    results = [read_result(manifest, chain_settings(manifest)) for manifest in finished_manifests(folder)]
    found = {result.case: result for result in results}
    require_comparable({result.manifest.directory: result.settings for result in found.values()}, free=_FREE)
    return found


def read_result(manifest: Manifest, settings: Settings) -> Result:
    """The scores of a finished chain at the checkpoint of its last stage.

    Raises:
        InputError: the chain is of other data, or its CSV file is gone.
    """
    data, last = settings.data, manifest.stages[-1]
    if data.name != "real_lidar":
        raise InputError(f"{manifest.directory} is a chain on {data.name}, this table takes real_lidar alone")
    prefix = "val/iou/"
    scores = last_scores(manifest, lambda name: name == "val/acc" or name.startswith(prefix))
    return Result(
        case=Case(manifest.facts["method"], data.fold or 0, manifest.facts["seed"], data.features or ()),
        manifest=manifest,
        settings=settings,
        miou=last.val_miou,
        acc=scores["val/acc"],
        iou={name.removeprefix(prefix): value for name, value in scores.items() if name.startswith(prefix)},
        **effort(manifest),
    )


def run_case(case: Case, runs: Path, further: Sequence[str]) -> int:
    """Run a case's chain, or go on with it where it was interrupted; the exit status."""
    command = [sys.executable, "-m", "bscnet.run", "experiment=real_lidar", *case.overrides]
    command += [f"output_dir={runs}", "resume=true", *further]
    return subprocess.run(command, check=False).returncode
