"""Some points of a labelled cloud, spread evenly over the file, to draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bscnet.prediction.labeller import LabelledPoints

MOST = 300_000
"""Points of a sample at most: what a page turns smoothly."""


@dataclass(frozen=True)
class PointSample:
    """Row by row each other's.

    Attributes:
        points: (S, 3) float32, metres from the whole metres of the cloud's lowest corner.
        colors: (S, 3) uint8.
        classes: (S,) int64.
        confidence: (S,) float32.
    """

    points: npt.NDArray[np.float32]
    colors: npt.NDArray[np.uint8]
    classes: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float32]


class Sampler:
    """Collects a sample from chunks.

    Args:
        count: points of the cloud.
        low: (3,) its lowest corner, metres.
    """

    def __init__(self, count: int, low: npt.NDArray[np.float64]) -> None:
        self._step = -(-count // MOST)
        self._corner = np.floor(low)
        self._parts: list[PointSample] = []

    def add(self, chunk: LabelledPoints) -> None:
        """The next chunk."""
        points = chunk.points
        some = np.flatnonzero(points.rows % self._step == 0)
        places = np.stack([axis[some] for axis in points.axes], axis=1) - self._corner
        sure = chunk.confidence[points.rows[some] - chunk.first]
        self._parts.append(
            PointSample(places.astype(np.float32), points.colors[some], chunk.classes[some].astype(np.int64), sure)
        )

    def result(self) -> PointSample:
        """Of all chunks so far."""
        parts = self._parts
        return PointSample(
            np.concatenate([part.points for part in parts]),
            np.concatenate([part.colors for part in parts]),
            np.concatenate([part.classes for part in parts]),
            np.concatenate([part.confidence for part in parts]),
        )
