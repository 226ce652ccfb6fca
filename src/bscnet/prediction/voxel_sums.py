"""Voxels and sums over their points, gathered from chunks in any number and order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.prediction.frame import Keys

_EXACT = 1 << 53
"""Up to it float64 adds whole numbers as they are."""


@dataclass(frozen=True)
class VoxelSums:
    """keys: (V,) int64, ascending. sums: (V, M) int64, measures added up. counts: (V,) int64, points.

    Integers throughout: the result does not depend on how the points were divided into chunks.
    """

    keys: Keys
    sums: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.keys)

    def at(self, rows: npt.NDArray[np.int64]) -> VoxelSums:
        """Some of the voxels."""
        return VoxelSums(self.keys[rows], self.sums[rows], self.counts[rows])


class VoxelSummer:
    """Adds up points. Runs of voxels are merged two and two when they are about as long: V log(chunks) work in all."""

    def __init__(self) -> None:
        self._runs: list[VoxelSums] = []

    def add(self, keys: Keys, rows: npt.NDArray[np.integer], measures: Sequence[npt.NDArray[np.integer[Any]]]) -> None:
        """Points of one chunk.

        Args:
            keys: (V,) of the voxels that they are in, ascending.
            rows: (P,) the row of each point's voxel in them.
            measures: what is added up, (P,) each, always as many.
        """
        wide = rows.astype(np.intp)  # once, where each sum would do it
        sums = np.stack([_added_up(column, wide, len(keys)) for column in measures], axis=1)
        run = VoxelSums(keys, sums, np.bincount(wide, minlength=len(keys)))
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = _merged(self._runs.pop(), run)
        self._runs.append(run)

    def result(self) -> VoxelSums:
        """All points so far; at least one is needed."""
        while len(self._runs) > 1:
            last = self._runs.pop()
            self._runs.append(_merged(self._runs.pop(), last))
        return self._runs[0]


def _added_up(values: npt.NDArray[np.integer[Any]], rows: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.int64]:
    """(count,) sums of the values of each row; those of float64, which are fast, where they are whole."""
    largest = max(abs(int(values.max())), abs(int(values.min())))
    if largest * len(values) <= _EXACT:
        return np.bincount(rows, weights=values, minlength=count).astype(np.int64)
    sums = np.zeros(count, dtype=np.int64)
    np.add.at(sums, rows, values)
    return sums


def _merged(one: VoxelSums, two: VoxelSums) -> VoxelSums:
    return _reduced(
        np.concatenate([one.keys, two.keys]),
        np.concatenate([one.sums, two.sums]),
        np.concatenate([one.counts, two.counts]),
    )


def _reduced(keys: Keys, sums: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> VoxelSums:
    """Rows of the same key added up, keys ascending. The stable sort is a merge, so sorted runs cost one pass."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return VoxelSums(keys[starts], np.add.reduceat(sums[order], starts, axis=0), np.add.reduceat(counts[order], starts))
