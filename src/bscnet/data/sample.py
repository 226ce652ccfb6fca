"""One scene ready for a network: placed on the grid, voxelized, with its labels; and the placement of meshes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from bscnet.data import augment
from bscnet.data.features import FeatureRecipe
from bscnet.data.placing import color_change, place_for_training, thinned
from bscnet.data.scan import Scan
from bscnet.data.transforms import PAPER, Transform
from bscnet.data.voxelize import Voxels, voxelize
from bscnet.errors import InputError
from bscnet.sparse.limits import MAX_COORD

PLACEMENT_VERSION = 1
"""Part of the key of cached evaluation voxels: raise it when the same scan would be placed or voxelized otherwise."""

RGB = FeatureRecipe(("rgb",))

MAX_RADIUS = MAX_COORD - augment.FULL_SCALE
"""Voxels a point may lie away from the scan's mean, so that any rotation keeps it within the range of coordinates."""

_ALWAYS_FITS = augment.FULL_SCALE / 1.6
"""Voxels across: hardly any noise matrix makes a scan of this diameter wider than the cube."""
_DRAWS = 16
_NEARLY_ALL = 0.99


@dataclass(frozen=True)
class Sample:
    """One voxelized scene. labels: (P,) int16 of the points that `voxels.point_to_voxel` maps, in file order.

    dropped: points of the scan that fell outside the training cube and are not among the P. again: further placements
    of the same P points, over which test-time augmentation sums the scores.
    """

    scene: str
    voxels: Voxels
    labels: npt.NDArray[np.int16]
    dropped: int = 0
    again: tuple[Voxels, ...] = ()


class Placement(Protocol):
    """How the scans of a data set are put on the voxel grid; `MeshPlacement` is one."""

    @property
    def key(self) -> str:
        """Part of cache keys: all that decides what `evaluation` makes of a scan and a random stream."""

    def training(self, scan: Scan, rng: np.random.Generator) -> Sample:
        """A randomly placed scene; InputError if it cannot be placed."""

    def evaluation(self, scan: Scan, rng: np.random.Generator | None) -> Sample:
        """The scene as it is scored, every point kept, without randomness if rng is None; InputError as above."""


@dataclass(frozen=True)
class MeshPlacement:
    """ScanNet's protocol (method section 9), for every data set in metres with z up.

    voxel_size: metres. transforms: augmentations of training scenes. eval_offset: see `place_for_evaluation`'s
    `anywhere`.
    """

    voxel_size: float
    features: FeatureRecipe = RGB
    transforms: tuple[Transform, ...] = PAPER
    eval_offset: bool = field(default=False, kw_only=True)

    @property
    def key(self) -> str:
        """See `Placement.key`."""
        where = " anywhere" if self.eval_offset else ""
        return f"mesh {PLACEMENT_VERSION}{where} {self.voxel_size!r} {' '.join(self.features.names)}"

    def training(self, scan: Scan, rng: np.random.Generator) -> Sample:
        """See `training_sample`."""
        return training_sample(scan, self.voxel_size, rng, self.features, self.transforms)

    def evaluation(self, scan: Scan, rng: np.random.Generator | None) -> Sample:
        """See `evaluation_sample`."""
        return evaluation_sample(scan, self.voxel_size, rng, self.features, self.eval_offset)


def training_sample(
    scan: Scan,
    voxel_size: float,
    rng: np.random.Generator,
    features: FeatureRecipe = RGB,
    transforms: Sequence[Transform] = PAPER,
) -> Sample:
    """A randomly placed and coloured scene, by default as in method section 9; voxel_size in metres.

    Points are left out first, then moved, then the scene is placed in the cube, and its colours are changed last.

    InputError: a point further than MAX_RADIUS voxels from the mean; a scan too large for the elastic field, or without
    the values of a feature.
    """
    scan = thinned(scan, rng, transforms)
    positions, kept = _in_the_cube(_centred(scan, voxel_size), voxel_size, rng, transforms)
    feats = features(scan, positions, color_change(len(positions), rng, transforms))
    if kept.all():
        return Sample(scan.name, voxelize(positions, feats), scan.labels)
    return Sample(scan.name, voxelize(positions[kept], feats[kept]), scan.labels[kept], int((~kept).sum()))


def training_share(points: npt.NDArray[np.floating], voxel_size: float) -> float:
    """Mean share of a scan's points that training placements keep: 1.0 unless the scan is wider than the cube.

    points: (P, 3) metres, as `Scan.points`. Estimated from some placements, always the same ones.
    """
    away = augment.centred(points)
    if 2 * _radius(away) <= _ALWAYS_FITS * voxel_size:
        return 1.0
    placed = (_in_the_cube(away, voxel_size, augment.train_rng(0, 0, draw)) for draw in range(_DRAWS))
    return float(np.mean([kept.mean() for _, kept in placed]))


def too_wide_for_training(share: float, voxel_size: float) -> str | None:
    """What training makes of a scan of which it sees this share (`training_share`), or None if it sees all of it."""
    if share > _NEARLY_ALL:
        return None
    return (
        f"the scan is wider than the training cube of {augment.FULL_SCALE} voxels of {voxel_size:g} m: training sees a "
        f"random piece of it, about {100 * share:.2g} % of the points"
    )


def _in_the_cube(
    points: npt.NDArray[np.float64],
    voxel_size: float,
    rng: np.random.Generator,
    transforms: Sequence[Transform] = PAPER,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Randomly placed positions (P, 3) of centred points, and which of them lie within the training cube: some do."""
    positions = place_for_training(points, 1 / voxel_size, rng, transforms)
    kept = augment.inside_cube(positions)
    if not kept.any():  # a scan of far-flung parts may leave the cube empty: set it around one of the points
        positions += augment.FULL_SCALE / 2 - positions[rng.integers(len(positions))]
        kept = augment.inside_cube(positions)
    return positions, kept


def evaluation_sample(
    scan: Scan,
    voxel_size: float,
    rng: np.random.Generator | None,
    features: FeatureRecipe = RGB,
    anywhere: bool = False,
) -> Sample:
    """The scene as it is scored: every vertex kept; randomly mirrored, turned and shifted unless rng is None.

    anywhere: see `place_for_evaluation`.
    InputError: a point further than MAX_RADIUS voxels from the mean.
    """
    positions = augment.place_for_evaluation(_centred(scan, voxel_size), 1 / voxel_size, rng, anywhere)
    return Sample(scan.name, voxelize(positions, features(scan, positions)), scan.labels)


def _centred(scan: Scan, voxel_size: float) -> npt.NDArray[np.float64]:
    points = augment.centred(scan.points)
    radius = _radius(points) / voxel_size
    if radius > MAX_RADIUS:
        raise InputError(
            f"a point lies {radius:.3g} voxels of {voxel_size:g} m away from the scan's mean, beyond the key range of "
            f"{MAX_RADIUS}: is the scan in metres? Take larger voxels or remove stray points"
        )
    return points


def _radius(points: npt.NDArray[np.float64]) -> float:
    """How far the farthest of centred points lies from the mean."""
    return float(np.sqrt(np.einsum("pa,pa->p", points, points).max()))
