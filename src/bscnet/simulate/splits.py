"""Which numbers the scenes of each split have, and where those scenes lie."""

from __future__ import annotations

from pathlib import Path

from bscnet.simulate.scene import ScanSettings, scene_record

FIRST_VAL_SCENE = 5000
"""Validation scenes are numbered from here, training scenes from 0: growth never moves a scene to another split."""
FIRST_TEST_SCENE = 10_000
"""Test scenes, which have no labels, are numbered from here."""

LABELLED = ("train", "val")

Wanted = dict[str, list[int]]
"""Numbers of the scenes of each split."""


def wanted_scenes(train_scenes: int, val_scenes: int, test_scenes: int) -> Wanted:
    """Numbers of so many scenes; without a test split where it would be empty."""
    counts = {"train": (0, train_scenes), "val": (FIRST_VAL_SCENE, val_scenes), "test": (FIRST_TEST_SCENE, test_scenes)}
    return {
        split: list(range(first, first + count))
        for split, (first, count) in counts.items()
        if count or split in LABELLED
    }


def scans_folder(root: Path, split: str) -> Path:
    """Where the scenes of a split lie, as ScanNet's owners have it."""
    return root / ("scans" if split in LABELLED else "scans_test")


def unmade(root: Path, seed: int, settings: ScanSettings, wanted: Wanted) -> list[tuple[str, int]]:
    """Split and number of the scenes that are not there as they should be."""
    return [
        (split, index)
        for split, indices in wanted.items()
        for index in indices
        if scene_record(scans_folder(root, split), seed, index, settings, split in LABELLED) is None
    ]
