"""The features of voxels, made from sums over their points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.points import Points
from bscnet.clouds.reading import COMPUTED
from bscnet.errors import InputError
from bscnet.prediction.frame import Frame, coords_of
from bscnet.prediction.voxel_sums import VoxelSums

_STEPS = 1 << 24
"""Steps of 1 in which places and measured values are added up, so that sums are integers; float32 has as many."""

_LARGEST = 1e6
"""Of a scaled measured value: beyond it a voxel's sum could overflow."""


@dataclass(frozen=True)
class CloudFeatures:
    """The features of `bscnet.data.features` as means over a voxel's points, made from integer sums.

    Attributes:
        names: of the features, in the order of their channels.
        scale, offset: rgb is colour (0..255) / scale + offset.
    """

    names: tuple[str, ...]
    scale: float = 127.5
    offset: float = -1.0

    @property
    def measured(self) -> Sequence[str]:
        """The values that points need beside position and colour, in the order of their columns among the sums."""
        return tuple(name for name in self.names if name not in COMPUTED)

    def measures(self, points: Points, frame: Frame) -> Sequence[npt.NDArray[np.integer[Any]]]:
        """What is added up, (P,) each: colour of the points, their place in the voxel if that matters, their values.

        Raises:
            InputError: a value that is very far from its scale.
        """
        parts: list[npt.NDArray[np.integer[Any]]] = list(points.colors.T)
        if self._placed:
            at = frame.positions(points.axes)
            parts += list(np.rint((at - np.floor(at)) * _STEPS).astype(np.int64).T)
        for name in self.measured:
            values = points.values[name]
            if not (np.abs(values) <= _LARGEST).all():
                far = int(np.argmax(np.abs(values)))
                raise InputError(
                    f"the value '{name}' of point {points.rows[far]} is {values[far]:g} once it is scaled as in "
                    f"training, where it was about -1 to 1; at most {_LARGEST:g} is allowed"
                )
            parts.append(np.rint(values * _STEPS).astype(np.int64))
        return parts

    def __call__(self, voxels: VoxelSums, frame: Frame, metres: float) -> npt.NDArray[np.float32]:
        """(V, channels) of voxels whose sums are of `measures`; metres: side of a voxel as in training."""
        means = voxels.sums / voxels.counts[:, None]
        parts = [self._feature(name, means) for name in self.names if name != "height"]
        if "height" in self.names:
            above = coords_of(voxels.keys)[:, 2] + means[:, 5] / _STEPS - frame.lowest
            parts.insert(self.names.index("height"), above[:, None] * metres)
        return np.concatenate(parts, axis=1).astype(np.float32)

    def _feature(self, name: str, means: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Columns of the means are those of `measures`: colour 0 to 2, place 3 to 5 if there is one, values."""
        if name == "rgb":
            return means[:, :3] / self.scale + self.offset
        if name == "one":
            return np.ones((len(means), 1))
        if name == "offset":
            return means[:, 3:6] / _STEPS - 0.5
        column = (6 if self._placed else 3) + self.measured.index(name)
        return means[:, [column]] / _STEPS

    @property
    def _placed(self) -> bool:
        return "offset" in self.names or "height" in self.names
