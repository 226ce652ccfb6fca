"""Are two scenes the same? Marks of a cloud that do not depend on the order or the colours of its points."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bscnet.data.voxelize import bounds

SKETCH = 256
ALIKE = 0.9
"""Share of occupied voxels in common from which on two scenes are taken for copies."""

ROUNDED_ALIKE = 0.5
"""The same of scenes whose points are the same but for rounding, which moves those on a voxel's side into the next."""

ROUNDED = 0.005
"""Metres by which formats that round coordinates may move them: LAS files mostly store whole millimetres."""

_MILLIMETRE = 0.001
_ROUNDED_SHARE = 0.0025
_RANKS = 33
_FACTORS = (1 / 0.3048, 3937 / 1200, 10.0, 100.0, 1000.0)
_SALT = np.uint64(0x9E3779B97F4A7C15)


class Marks(NamedTuple):
    """content: hash of the file. points: see `point_sum`. sketch: the smallest of `occupied`. ranks: see
    `ranked`.
    """

    content: str
    points: int
    sketch: npt.NDArray[np.uint64]
    num_points: int
    ranks: npt.NDArray[np.float64]


def point_sum(points: npt.NDArray[np.floating]) -> int:
    """A number that is the same for the same points (P, 3), to the millimetre, in any order and moved anywhere."""
    cells = np.rint((points.astype(np.float64) - bounds(points)[0]) / _MILLIMETRE)
    return int(_hash(cells).sum(dtype=np.uint64))


def occupied(points: npt.NDArray[np.floating], voxel_size: float) -> npt.NDArray[np.uint64]:
    """A hash of each occupied voxel, counted from the corner of the points (P, 3); sorted, as many as voxels.

    Of two scenes, the share of common ones among the `SKETCH` smallest of both estimates |A ∩ B| / |A ∪ B| of their
    voxels (bottom-k sketch; Cohen and Kaplan, PODC 2007).
    """
    return np.unique(_hash(np.floor((points - bounds(points)[0]) / voxel_size)))


def ranked(points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """(3, 33) x, y and z at evenly spaced ranks of their sorted values, counted from the lowest of each.

    Those of a copy are the same, whatever the order of the points, and rounding moves them no more than the points.
    """
    rows = np.linspace(0, len(points) - 1, _RANKS).astype(np.int64)
    ordered = np.partition(points.astype(np.float64), np.unique(rows), axis=0)[rows].T
    return ordered - ordered[:, :1]


def same_ranks(first: Marks, second: Marks, factor: float = 1.0) -> bool:
    """Whether two scenes have as many points, at the same ranks but for rounding; the first `factor` times as large.

    Where units differ, what a file rounds to is not known: a share of the size stands for it.
    """
    size = float(first.ranks.max())
    # twice: the lowest coordinate, from which the others count, is rounded too
    allowed = 2 * ROUNDED if factor == 1 else _ROUNDED_SHARE * size
    if first.num_points != second.num_points or size < 100 * allowed:
        return False
    return bool(np.abs(first.ranks - factor * second.ranks).max() <= allowed)


def similarity(first: npt.NDArray[np.uint64], second: npt.NDArray[np.uint64]) -> float:
    """Estimated share of the occupied cells of two scenes that both have, from their sketches."""
    union = np.union1d(first, second)[:SKETCH]
    return float(np.isin(union, np.intersect1d(first, second)).mean())


def copies(marks: dict[str, Marks]) -> list[tuple[str, str, str]]:
    """Pairs of scenes that are copies: (one, other, "file", "points", "rounded", "units" or "nearly")."""
    pairs = combinations(marks.items(), 2)
    found = ((one, other, _copied(a, b)) for (one, a), (other, b) in pairs)
    return [(one, other, how) for one, other, how in found if how is not None]


def _copied(a: Marks, b: Marks) -> str | None:
    if a.content == b.content:
        return "file"
    if a.points == b.points:
        return "points"
    if same_ranks(a, b) and similarity(a.sketch, b.sketch) >= ROUNDED_ALIKE:
        return "rounded"
    if any(same_ranks(a, b, factor) or same_ranks(b, a, factor) for factor in _FACTORS):
        return "units"
    return "nearly" if similarity(a.sketch, b.sketch) >= ALIKE else None


def _hash(cells: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
    """64 well mixed bits of each row (splitmix64, Steele et al., OOPSLA 2014)."""
    mixed = np.zeros(len(cells), dtype=np.uint64)
    for axis in range(cells.shape[1]):
        mixed = _mix(mixed + _SALT + np.ascontiguousarray(cells[:, axis] + 0.0).view(np.uint64))
    return mixed


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
