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

_MILLIMETRE = 0.001
_SALT = np.uint64(0x9E3779B97F4A7C15)


class Marks(NamedTuple):
    """content: hash of the file. points: see `point_sum`. sketch: the smallest of `occupied`."""

    content: str
    points: int
    sketch: npt.NDArray[np.uint64]


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


def similarity(first: npt.NDArray[np.uint64], second: npt.NDArray[np.uint64]) -> float:
    """Estimated share of the occupied cells of two scenes that both have, from their sketches."""
    union = np.union1d(first, second)[:SKETCH]
    return float(np.isin(union, np.intersect1d(first, second)).mean())


def copies(marks: dict[str, Marks]) -> list[tuple[str, str, str]]:
    """Pairs of scenes that are copies: (one, other, "file", "points" or "nearly")."""
    found = []
    for (one, a), (other, b) in combinations(marks.items(), 2):
        if a.content == b.content:
            found.append((one, other, "file"))
        elif a.points == b.points:
            found.append((one, other, "points"))
        elif similarity(a.sketch, b.sketch) >= ALIKE:
            found.append((one, other, "nearly"))
    return found


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
