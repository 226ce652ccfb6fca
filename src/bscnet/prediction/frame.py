"""The voxel grid laid over a cloud: which voxel a point is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.clouds.points import Survey
from bscnet.data.distinct import distinct, unpacked
from bscnet.errors import InputError
from bscnet.sparse.limits import AXIS_BITS, MAX_COORD, MIN_COORD

Keys = npt.NDArray[np.int64]
Axes = Sequence[npt.NDArray[np.float64]]

_HALF = 1 << (AXIS_BITS - 1)
_LOW_BITS = (1 << AXIS_BITS) - 1
_PIECE = 1 << 14
"""Points numbered at once: their temporary arrays stay in a core's cache."""
_CELLS_PER_POINT = 4
"""Of a table of cells: 20 bytes a point of a chunk."""


class OutsideError(ValueError):
    """A point is outside the box of its cloud."""


@dataclass(frozen=True)
class Frame:
    """u = floor((p - middle) / voxel_size + 1/2): the middle of the cloud's bounding box is the middle of voxel 0.

    The box is taken because it depends neither on the order of the points nor on how many are read at once.

    Attributes:
        low, high: (3,) of the box, metres.
        voxel_size: metres.
    """

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    voxel_size: float

    @cached_property
    def middle(self) -> npt.NDArray[np.float64]:
        """(3,) metres."""
        return self.low / 2 + self.high / 2

    @property
    def lowest(self) -> float:
        """z of the box's floor, in voxels."""
        return float(self._scaled(self.low[2:], 2)[0])

    def positions(self, axes: Axes) -> npt.NDArray[np.float64]:
        """(P, 3), in voxels, of x, y and z in metres; a voxel u is [u, u + 1) on each axis."""
        return np.stack([self._scaled(values, axis) for axis, values in enumerate(axes)], axis=1)

    def distinct(self, axes: Axes) -> tuple[Keys, npt.NDArray[np.int32]]:
        """The voxels of some points: their keys, ascending, one each, and the row in them of each point's.

        A key is ordered as (x, y, z) of its voxel.

        Args:
            axes: x, y and z in metres, (P,) each.

        Raises:
            OutsideError: a point that is not within the box.
        """
        _, size = self._cells
        cells, rows = distinct(self._numbered(axes), int(size.prod()), _CELLS_PER_POINT)
        return self._keys(cells), rows

    @cached_property
    def _cells(self) -> tuple[Keys, Keys]:
        """(3,) the box's first voxel, and (3,) how many it has on each axis."""
        first, last = np.floor(self.positions(list(np.stack([self.low, self.high], axis=1)))).astype(np.int64)
        return first, last - first + 1

    def _numbered(self, axes: Axes) -> Keys:
        """(P,) number of each point's voxel in the box, z fastest; exact in float64, as each axis is below 2^16."""
        first, size = self._cells
        numbers = np.empty(len(axes[0]), dtype=np.int64)
        for begin in range(0, len(numbers), _PIECE):
            piece = np.zeros(len(axes[0][begin : begin + _PIECE]))
            for axis, values in enumerate(axes):
                voxel = np.floor(self._scaled(values[begin : begin + _PIECE], axis)) - first[axis]
                if voxel.min() < 0 or voxel.max() >= size[axis]:
                    raise OutsideError
                piece *= size[axis]
                piece += voxel
            numbers[begin : begin + _PIECE] = piece
        return numbers

    def _keys(self, cells: Keys) -> Keys:
        x, y, z = unpacked(cells, *self._cells).T.astype(np.int64) + _HALF
        return (x << (2 * AXIS_BITS)) | (y << AXIS_BITS) | z

    def _scaled(self, values: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
        scaled: npt.NDArray[np.float64] = (values - self.middle[axis]) / self.voxel_size + 0.5
        return scaled


def frame_of(survey: Survey, voxel_size: float, path: Path) -> Frame:
    """The frame of a cloud.

    Args:
        survey: of its points.
        voxel_size: metres.
        path: of the cloud's file, for the error.

    Raises:
        InputError: the cloud is larger than the range of voxel coordinates.
    """
    with np.errstate(over="ignore"):
        size = (survey.high - survey.low) / voxel_size
        frame = Frame(survey.low, survey.high, voxel_size)
        corners = np.floor(frame.positions(list(np.stack([survey.low, survey.high], axis=1))))
    # half of it on each side of the middle, and one voxel for rounding; where float64 is as coarse as voxels, the
    # middle may be rounded onto a corner
    within = corners.min() >= MIN_COORD and corners.max() <= MAX_COORD
    if not (size.max() <= 2 * min(MAX_COORD, -MIN_COORD) - 2 and within):
        raise InputError(
            f"{path}: the cloud is {size[0]:.3g} x {size[1]:.3g} x {size[2]:.3g} voxels of {voxel_size:g} m large, at "
            f"most {2 * MAX_COORD - 2} a side are allowed: is its unit of length the right one? Else take larger "
            "voxels or remove stray points"
        )
    return frame


def coords_of(keys: Keys) -> npt.NDArray[np.int32]:
    """(V, 3) int32 voxel coordinates of keys."""
    axes = (keys >> (2 * AXIS_BITS), (keys >> AXIS_BITS) & _LOW_BITS, keys & _LOW_BITS)
    return np.stack([axis - _HALF for axis in axes], axis=1).astype(np.int32)


def first_key_of(x: int) -> int:
    """The least key that a voxel with this x can have."""
    return (x + _HALF) << (2 * AXIS_BITS)
