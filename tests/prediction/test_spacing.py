"""How far apart points lie, from voxels."""

from __future__ import annotations

import numpy as np
import pytest

from bscnet.prediction.spacing import point_spacing
from bscnet.prediction.voxel_sums import VoxelSummer


@pytest.mark.parametrize("apart", [0.02, 0.2, 1.0, 3.0, 17.0, 200.0])
def test_a_plane_of_points(apart: float) -> None:
    rng = np.random.default_rng(0)
    across = np.floor((np.arange(40) + rng.random()) * apart).astype(np.int64)
    x, y = (axis.ravel() for axis in np.meshgrid(across, across))
    summer = VoxelSummer()
    keys = ((x + 32768) << 32) | ((y + 32768) << 16) | 32768
    summer.add(*np.unique(keys, return_inverse=True), [np.zeros(1600, np.int64)])
    found = point_spacing(summer.result(), 0.5)
    assert 0.5 * 0.5 * apart <= found <= 2.5 * 0.5 * apart


def test_a_single_point_is_far_from_all_others() -> None:
    summer = VoxelSummer()
    summer.add(np.array([1 << 40]), np.zeros(1, np.int64), [np.zeros(1, np.int64)])
    assert point_spacing(summer.result(), 1.0) >= 2**16
