"""A scan's way onto the grid in training: points left out, the others moved and put somewhere in the training cube."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bscnet.data.augment import Points, random_offset
from bscnet.data.scan import Scan
from bscnet.data.transforms import PAPER, Movement, Placing, Thinning, Tint, Transform
from bscnet.data.voxelize import bounds


def thinned(scan: Scan, rng: np.random.Generator, transforms: Sequence[Transform]) -> Scan:
    """The scan without the points that a list's `Thinning`s leave out."""
    for thinning in transforms:
        if isinstance(thinning, Thinning):
            scan = part_of(scan, thinning.kept(scan.points, rng))
    return scan


def part_of(scan: Scan, kept: npt.NDArray[np.bool_]) -> Scan:
    """The points of a mask (P,)."""
    if kept.all():
        return scan
    return replace(
        scan,
        points=scan.points[kept],
        colors=scan.colors[kept],
        labels=scan.labels[kept],
        extra={name: values[kept] for name, values in scan.extra.items()},
    )


def place_for_training(
    points: Points, scale: float, rng: np.random.Generator, transforms: Sequence[Transform] = PAPER
) -> npt.NDArray[np.float64]:
    """Centred points (metres) → voxel positions: moved by a list's `Movement`s in order, then by `random_offset`.

    The protocol's: x M + t, M = scale · mirrored(I + 0.1 N) · R_z(U(0, 2π)); scale: voxels per metre.
    Points outside [0, FULL_SCALE) are for the caller to drop (`inside_cube`).
    """
    placing = Placing(points, scale)
    for movement in transforms:
        if isinstance(movement, Movement):
            movement.move(placing, rng)
    positions = placing.positions
    return positions + random_offset(*bounds(positions), rng)


def color_change(
    count: int, rng: np.random.Generator, transforms: Sequence[Transform] = PAPER
) -> npt.NDArray[np.float32] | None:
    """What a list's `Tint`s add to the colours of `count` points: (3,), (count, 3), or None."""
    changes = [tint.tint(count, rng) for tint in transforms if isinstance(tint, Tint)]
    if not changes:
        return None
    total, *others = changes
    for other in others:
        total = total + other
    return total
