"""Some points of a labelled cloud, spread evenly over the file, to draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bscnet.clouds.cloud import Cloud
from bscnet.clouds.columns import find_label
from bscnet.clouds.file import CloudFile
from bscnet.prediction.labeller import LabelledPoints
from bscnet.prediction.numbers import LabelNumbers

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
        truth: (S,) int64, class of the label that the scan has, -100 for none; None where no point has one.
    """

    points: npt.NDArray[np.float32]
    colors: npt.NDArray[np.uint8]
    classes: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float32]
    truth: npt.NDArray[np.int64] | None = None


class Sampler:
    """Collects a sample from chunks.

    Args:
        source: the cloud.
        low: (3,) its lowest corner, metres.
        numbers: what its labels are.

    Attributes:
        label: the column with labels of the cloud's own, if it has one.
    """

    def __init__(self, source: CloudFile, low: npt.NDArray[np.float64], numbers: LabelNumbers) -> None:
        self.label = find_label(source.columns)
        self._numbers = numbers
        self._step = -(-source.count // MOST)
        self._corner = np.floor(low)
        self._parts: list[PointSample] = []

    def add(self, chunk: LabelledPoints, cloud: Cloud) -> None:
        """The next chunk; cloud: its columns, with those of `label`."""
        points = chunk.points
        some = np.flatnonzero(points.rows % self._step == 0)
        places = np.stack([axis[some] for axis in points.axes], axis=1) - self._corner
        rows = points.rows[some] - chunk.first
        truth = None if self.label is None else self._numbers.classes(cloud.columns[self.label][rows])
        self._parts.append(
            PointSample(
                places.astype(np.float32),
                points.colors[some],
                chunk.classes[some].astype(np.int64),
                chunk.confidence[rows],
                truth,
            )
        )

    def result(self) -> PointSample:
        """Of all chunks so far."""
        parts = self._parts
        known = [part.truth for part in parts if part.truth is not None]
        truth = np.concatenate(known) if known else None
        return PointSample(
            np.concatenate([part.points for part in parts]),
            np.concatenate([part.colors for part in parts]),
            np.concatenate([part.classes for part in parts]),
            np.concatenate([part.confidence for part in parts]),
            None if truth is None or (truth < 0).all() else truth,
        )
