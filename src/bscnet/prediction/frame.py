"""The voxel grid laid over a cloud: which voxel a point is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.clouds.points import Survey
from bscnet.errors import InputError
from bscnet.sparse.limits import AXIS_BITS, MAX_COORD, MIN_COORD

Keys = npt.NDArray[np.int64]
Axes = Sequence[npt.NDArray[np.float64]]

_HALF = 1 << (AXIS_BITS - 1)
_LOW_BITS = (1 << AXIS_BITS) - 1


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

    @property
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

    def keys(self, axes: Axes) -> Keys:
        """(P,) int64, one a voxel, ordered as (x, y, z), of x, y and z in metres."""
        cells = [np.floor(self._scaled(values, axis)).astype(np.int64) + _HALF for axis, values in enumerate(axes)]
        return (cells[0] << (2 * AXIS_BITS)) | (cells[1] << AXIS_BITS) | cells[2]

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
