"""About how far apart the points of a cloud lie, told from its voxels."""

from __future__ import annotations

import numpy as np

from bscnet.prediction.frame import coords_of
from bscnet.prediction.voxel_sums import VoxelSums
from bscnet.sparse.limits import AXIS_BITS

_TOGETHER = 1.5
"""Points a voxel from which on its side is at least about their distance."""


def point_spacing(voxels: VoxelSums, voxel_size: float) -> float:
    """Side of the smallest cubes, of 1, 2, 4 … voxels, in which the points do not lie alone.

    Where they do not in single voxels, it is the side of one divided by the root of the points in it, as on a surface.

    Args:
        voxels: of the cloud.
        voxel_size: in a unit of length, which is that of the result.
    """
    coords, count = coords_of(voxels.keys).astype(np.int64), int(voxels.counts.sum())
    cells = len(coords)
    for level in range(AXIS_BITS):
        if level:
            x, y, z = (coords >> level).T
            cells = len(np.unique((x << (2 * AXIS_BITS)) + (y << AXIS_BITS) + z))
        if count >= _TOGETHER * cells:
            return voxel_size * float(1 << level) if level else voxel_size / float(np.sqrt(count / cells))
    return voxel_size * float(1 << AXIS_BITS)
