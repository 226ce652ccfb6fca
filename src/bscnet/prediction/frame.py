"""The voxel grid laid over a cloud: which voxel a point is in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError
from bscnet.prediction.cloud import Chunk
from bscnet.sparse.limits import AXIS_BITS, MAX_COORD, MIN_COORD

Keys = npt.NDArray[np.int64]

_HALF = 1 << (AXIS_BITS - 1)
_LOW_BITS = (1 << AXIS_BITS) - 1


@dataclass(frozen=True)
class Frame:
    """u = floor((p - middle) / voxel_size + 1/2): the middle of the cloud's bounding box is the middle of voxel 0.

    The box is taken because it depends neither on the order of the points nor on how many are read at once.
    low, high: (3,) of the box; voxel_size: in the file's units.
    """

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    voxel_size: float

    @property
    def middle(self) -> npt.NDArray[np.float64]:
        """(3,), in the file's units."""
        return self.low / 2 + self.high / 2

    @property
    def lowest(self) -> float:
        """z of the box's floor, in voxels."""
        return float(self._scaled(self.low[2], 2))

    def positions(self, chunk: Chunk) -> npt.NDArray[np.float64]:
        """(P, 3), in voxels; a voxel u is [u, u + 1) on each axis."""
        return np.stack([self._scaled(values, axis) for axis, values in enumerate(chunk.axes)], axis=1)

    def keys(self, chunk: Chunk) -> Keys:
        """(P,) int64, one a voxel, ordered as (x, y, z)."""
        cells = [
            np.floor(self._scaled(values, axis)).astype(np.int64) + _HALF for axis, values in enumerate(chunk.axes)
        ]
        return (cells[0] << (2 * AXIS_BITS)) | (cells[1] << AXIS_BITS) | cells[2]

    def _scaled(self, values: npt.NDArray[Any], axis: int) -> npt.NDArray[np.float64]:
        scaled: npt.NDArray[np.float64] = (values.astype(np.float64) - self.middle[axis]) / self.voxel_size + 0.5
        return scaled

    def centres(self, coords: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """(V, 3) middles of voxels, in the file's units."""
        return coords * self.voxel_size + self.middle


def frame_of(chunks: Iterable[Chunk], voxel_size: float, path: Path) -> Frame:
    """Read all points for their bounding box.

    Raises:
        InputError: a coordinate is not finite, or the cloud is larger than the range of voxel coordinates.
    """
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    first = 0
    for chunk in chunks:
        for index, axis in enumerate(chunk.axes):
            least, most = float(axis.min()), float(axis.max())
            if not (np.isfinite(least) and np.isfinite(most)):
                raise InputError(f"{path}: {_bad_points(chunk, first)}")
            low[index], high[index] = min(low[index], least), max(high[index], most)
        first += len(chunk)
    with np.errstate(over="ignore"):
        size = (high - low) / voxel_size
    # half of it on each side of the middle, and one voxel for rounding
    if not size.max() <= 2 * min(MAX_COORD, -MIN_COORD) - 2:
        raise InputError(
            f"{path}: the cloud is {size[0]:.3g} x {size[1]:.3g} x {size[2]:.3g} voxels of {voxel_size:g} large, at "
            f"most {2 * MAX_COORD - 2} a side are allowed: is it in metres? Give --voxel-size in the cloud's units, "
            "or remove stray points"
        )
    return Frame(low, high, voxel_size)


def coords_of(keys: Keys) -> npt.NDArray[np.int32]:
    """(V, 3) int32 voxel coordinates of keys."""
    axes = (keys >> (2 * AXIS_BITS), (keys >> AXIS_BITS) & _LOW_BITS, keys & _LOW_BITS)
    return np.stack([axis - _HALF for axis in axes], axis=1).astype(np.int32)


def first_key_of(x: int) -> int:
    """The least key that a voxel with this x can have."""
    return (x + _HALF) << (2 * AXIS_BITS)


def _bad_points(chunk: Chunk, first: int) -> str:
    axes: list[npt.NDArray[Any]] = [np.isfinite(axis) for axis in chunk.axes]
    bad = np.flatnonzero(~(axes[0] & axes[1] & axes[2]))
    return f"the coordinates of point {first + bad[0]} are not finite (NaN or infinite), every point needs finite ones"
