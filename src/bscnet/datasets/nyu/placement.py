"""How the images of NYU Depth v2 are put on the voxel grid (method section 9; SparseConvNet, examples/nyu2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bscnet.data.augment import transform
from bscnet.data.features import FeatureRecipe
from bscnet.data.sample import Sample
from bscnet.data.scan import Scan
from bscnet.data.voxelize import voxelize

PLACEMENT_VERSION = 1
"""Part of the key of cached evaluation voxels: raise it when the same scan would be placed otherwise."""

ROTATION, AFFINE_NOISE, SHIFT = 0.1, 0.05, 12000.0
"""Largest turn about the y axis in radians, largest noise of a matrix element, largest shift in voxels."""

CENTRE = 16384.0
"""Voxels from the origin to the middle of the shifts, on each axis.

The protocol has 32768 here, which with the shifts goes beyond the range of coordinates (`bscnet.sparse.limits`). The
difference is 2^14. Sites moved by 2^14 on an axis are at level l, after l halvings ⌊u/2⌋, moved by 2^(14-l), a whole
number as far as 14 levels down: which points share a voxel, which voxels share one a level below and which are
neighbours is the same, and so is all that a network computes. The fraction of a shift, and its remainder by 2^14, do
matter and are kept. All coordinates stay positive, as they are in the protocol.
"""

FEATURES = FeatureRecipe(("one", "rgb"))
"""Section 9's (255, R, G, B) / 127.5 - 1."""


@dataclass(frozen=True)
class ImagePlacement:
    """Points in pixels and centimetres (`image_points`) → voxels: p M + t.

    Training: M = R_y / downscale + U(-0.05, 0.05)^{3x3} with its first column times ±1, where R_y turns about the y
    axis by U(-0.1, 0.1) rad; t = CENTRE + U(-12000, 12000)^3. Evaluation: the same without the turn and the noise;
    without randomness M = I / downscale and t = CENTRE. The noise is not divided by downscale; colours have no shift.

    voxel_size: downscale / 100, so that 0.02 is the protocol's downscale 2: two pixels across and 2 cm of depth.
    InputError: a point that falls outside the range of coordinates. With depths of at most 20 m none can from
    downscale 0.5 on.
    """

    voxel_size: float = 0.02
    features: FeatureRecipe = FEATURES

    @property
    def key(self) -> str:
        """All that decides what `evaluation` makes of a scan and a random stream."""
        return f"image {PLACEMENT_VERSION} {self.voxel_size!r} {' '.join(self.features.names)}"

    def training(self, scan: Scan, rng: np.random.Generator) -> Sample:
        """A randomly placed image, every point kept."""
        matrix = rotation_y(rng.uniform(-ROTATION, ROTATION)) / self._downscale
        matrix += rng.uniform(-AFFINE_NOISE, AFFINE_NOISE, size=(3, 3))
        return self._placed(scan, mirrored_x(matrix, rng), random_shift(rng))

    def evaluation(self, scan: Scan, rng: np.random.Generator | None) -> Sample:
        """The image as it is scored, every point kept: mirrored and shifted by chance unless rng is None."""
        matrix = np.eye(3) / self._downscale
        if rng is None:
            return self._placed(scan, matrix, np.full(3, CENTRE))
        return self._placed(scan, mirrored_x(matrix, rng), random_shift(rng))

    @property
    def _downscale(self) -> float:
        return 100 * self.voxel_size

    def _placed(self, scan: Scan, matrix: npt.NDArray[np.float64], shift: npt.NDArray[np.float64]) -> Sample:
        positions = transform(scan.points.astype(np.float64), matrix) + shift
        return Sample(scan.name, voxelize(positions, self.features(scan, positions)), scan.labels)


def rotation_y(theta: float) -> npt.NDArray[np.float64]:
    """Rotation about y for row vectors: p' = p R."""
    cosine, sine = np.cos(theta), np.sin(theta)
    return np.array([[cosine, 0.0, sine], [0.0, 1.0, 0.0], [-sine, 0.0, cosine]])


def mirrored_x(matrix: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """The matrix with its first column, which makes the new x, times ±1, each with probability 1/2."""
    return matrix * np.array([1.0 - 2.0 * rng.integers(0, 2), 1.0, 1.0])


def random_shift(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """CENTRE + U(-12000, 12000) on each axis."""
    return CENTRE + rng.uniform(-SHIFT, SHIFT, size=3)
