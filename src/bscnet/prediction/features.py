"""The feature recipe of a model: how a voxel's features come from the points of a cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.data.features import COMPUTED
from bscnet.errors import InputError
from bscnet.prediction.cloud import Chunk
from bscnet.prediction.frame import Frame, coords_of
from bscnet.prediction.voxel_sums import VoxelSums

_STEPS = 1 << 24
"""Steps of 1 in which places and measured values are added up, so that sums are integers; float32 has as many."""

_LARGEST = 1e6
"""Of a measured value once its range is -1 to 1: beyond it a voxel's sum could overflow."""


@dataclass(frozen=True)
class CloudFeatures:
    """The features of `bscnet.data.features` as means over a voxel's points, made from integer sums.

    names: of the features, in the order of their channels. scale, offset: rgb is colour (0..255) / scale + offset.
    ranges: of measured values, raw (low, high), which become -1 and 1.
    """

    names: tuple[str, ...]
    scale: float
    offset: float
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(cls, recipe: Mapping[str, Any]) -> CloudFeatures:
        """The recipe in a model's description (docs/engine.md), which the engine has checked.

        Raises:
            InputError: it is one that only its caller can follow.
        """
        if recipe["kind"] == "given":
            raise InputError(
                f"the model takes features that a cloud's file does not give ({', '.join(recipe['names'])}): make them "
                "as in training and run the model by bscnet.runtime"
            )
        if recipe["kind"] == "rgb":
            return cls(("rgb",), recipe["scale"], recipe["offset"])
        names = tuple(recipe["names"])
        # in the order of their columns among the sums
        ranges = {name: (low, high) for name in names if name not in COMPUTED for low, high in [recipe["ranges"][name]]}
        return cls(names, recipe["scale"], recipe["offset"], ranges)

    @property
    def colored(self) -> bool:
        """Whether points need colours."""
        return "rgb" in self.names

    @property
    def measured(self) -> Sequence[str]:
        """The values that points need beside position and colour."""
        return tuple(self.ranges)

    def measures(self, chunk: Chunk, frame: Frame) -> npt.NDArray[np.int64]:
        """(P, M), what is added up of each point: its colour, its place in the voxel if that matters, its values.

        Raises:
            InputError: a value that is not finite, or very far from its range.
        """
        parts = [chunk.colors.astype(np.int64)]
        if self._placed:
            at = frame.positions(chunk)
            parts.append(np.rint((at - np.floor(at)) * _STEPS).astype(np.int64))
        for name, (low, high) in self.ranges.items():
            values = (chunk.values[name].astype(np.float64) - low) / (high - low) * 2 - 1
            if not (np.abs(values) <= _LARGEST).all():  # written so that NaN is refused too
                raise InputError(
                    f"a point has the {name} {chunk.values[name][np.argmin(np.abs(values) <= _LARGEST)]:g}; the model "
                    f"was trained on {low:g} to {high:g}"
                )
            parts.append(np.rint(values * _STEPS).astype(np.int64)[:, None])
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def colors(self, voxels: VoxelSums) -> npt.NDArray[np.uint8]:
        """(V, 3) mean colours, rounded down; grey where points have none."""
        return (voxels.sums[:, :3] // voxels.counts[:, None]).astype(np.uint8)

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
