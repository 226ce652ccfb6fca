"""Training on random pieces of a scene: an upright cylinder around one of its points."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bscnet.data.sample import MeshPlacement, Sample
from bscnet.data.scan import Scan


@dataclass(frozen=True)
class CroppedPlacement(MeshPlacement):
    """A `MeshPlacement` that trains on one piece of a scene at a time; what is scored is the whole scene.

    radius: metres from the axis of the cylinder, which goes upright through a point drawn at random; infinite: the
    whole scene.
    """

    radius: float = float("inf")

    def training(self, scan: Scan, rng: np.random.Generator) -> Sample:
        """A random piece, placed as any training scene; which points are outside it is no loss, so none is counted."""
        return super().training(cropped(scan, self.radius, rng), rng)


def cropped(scan: Scan, radius: float, rng: np.random.Generator) -> Scan:
    """The points at most `radius` metres, measured in x and y, from a point that is drawn at random."""
    plane = scan.points[:, :2].astype(np.float64)
    away = plane - plane[rng.integers(len(plane))]
    kept = np.hypot(away[:, 0], away[:, 1]) <= radius
    return replace(
        scan,
        points=scan.points[kept],
        colors=scan.colors[kept],
        labels=scan.labels[kept],
        extra={name: values[kept] for name, values in scan.extra.items()},
    )
