from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from bscnet.data.mix3d import mix, mixed_pairs
from bscnet.data.sample import Sample
from bscnet.data.voxelize import voxelize


def sample(seed: int, points: int = 300, at: float = 1000.0) -> tuple[Sample, np.ndarray, np.ndarray]:
    """A scene with its positions and its features."""
    rng = np.random.default_rng(seed)
    positions = rng.uniform(0, 12, (points, 3)) + at
    feats = rng.normal(size=(points, 3)).astype(np.float32)
    labels = rng.integers(-1, 5, points).astype(np.int16)
    return Sample(f"s{seed}", voxelize(positions, feats), labels, dropped=seed), positions, feats


def test_two_scenes_become_the_voxels_of_all_their_points() -> None:
    """Compared with a loop over the points of both, the second ones moved by the whole voxels between the means."""
    one, first, first_feats = sample(1)
    other, second, second_feats = sample(2, points=200, at=2000.0)
    mixed = mix(one, other)
    shift = np.rint(np.floor(first).mean(axis=0) - np.floor(second).mean(axis=0))
    sites: dict[tuple[int, ...], list[np.ndarray]] = defaultdict(list)
    cells = np.floor(np.concatenate([first, second + shift])).astype(int)
    for cell, feat in zip(cells, np.concatenate([first_feats, second_feats]), strict=True):
        sites[tuple(cell)].append(feat)
    coords = np.array(sorted(sites))
    np.testing.assert_array_equal(mixed.voxels.coords, coords)
    np.testing.assert_array_equal(mixed.voxels.coords[mixed.voxels.point_to_voxel], cells)
    expected = np.stack([np.mean(sites[tuple(cell)], axis=0) for cell in coords])
    np.testing.assert_allclose(mixed.voxels.feats, expected, atol=1e-5)
    assert mixed.voxels.coords.dtype == np.int32 and mixed.voxels.point_to_voxel.dtype == np.int32
    np.testing.assert_array_equal(mixed.labels, np.concatenate([one.labels, other.labels]))
    assert (mixed.scene, mixed.dropped) == ("s1+s2", 3)
    assert len(coords) < len(one.voxels.coords) + len(other.voxels.coords)  # they overlap


@pytest.mark.parametrize("scenes", [1, 2, 5])
def test_each_scene_of_a_batch_is_in_one_pair(scenes: int) -> None:
    batch = [sample(seed)[0] for seed in range(scenes)]
    mixed = mixed_pairs(batch, 1.0, np.random.default_rng(0))
    assert [one.scene for one in mixed] == [["s0"], ["s0+s1"], ["s0+s1", "s2+s3", "s4"]][[1, 2, 5].index(scenes)]
    assert mixed_pairs(batch, 0.0, np.random.default_rng(0)) == batch


def test_pairs_are_mixed_by_chance() -> None:
    batch = [sample(seed, points=5)[0] for seed in range(2)]
    alone = sum(len(mixed_pairs(batch, 0.8, np.random.default_rng(seed))) == 2 for seed in range(300))
    assert 35 < alone < 85
