from __future__ import annotations

import numpy as np
import pytest

from bscnet.data.elastic import box_blur, elastic, granularities, trilinear
from bscnet.errors import InputError
from oracles.fields import box_blur_slow, trilinear_slow


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_blur_matches_the_definition(axis: int) -> None:
    field = np.random.default_rng(0).standard_normal((4, 3, 5, 3)).astype(np.float32)
    np.testing.assert_allclose(box_blur(field, axis), box_blur_slow(field, axis), atol=1e-6)


def test_interpolation_matches_the_definition_up_to_the_border() -> None:
    rng = np.random.default_rng(0)
    field = rng.standard_normal((4, 3, 5, 3)).astype(np.float32)
    inside = rng.uniform(0, 1, (40, 3)) * (3, 2, 4)
    positions = np.concatenate([inside, [[0, 0, 0], [3, 2, 4], [3, 0, 4], [1, 1, 1]]])
    expected = [trilinear_slow(field, position) for position in positions]
    np.testing.assert_allclose(trilinear(field, positions), expected, atol=1e-6)


@pytest.mark.parametrize(
    "voxel_size, expected", [(0.02, ((6, 40), (20, 160))), (0.05, ((2, 16), (8, 64))), (0.5, ((1, 1.6), (1, 6.4)))]
)
def test_the_two_granularities(voxel_size: float, expected: tuple[tuple[float, float], ...]) -> None:
    np.testing.assert_allclose(granularities(1 / voxel_size), expected)


def test_displacement_is_smooth_and_of_the_stated_size() -> None:
    """Two box blurs per axis leave per axis a variance factor (1+4+9+4+1)/81, so std = magnitude · (19/81)^1.5."""
    rng = np.random.default_rng(0)
    anchor = np.full((1, 3), 96.0)  # 19 nodes per axis at multiples of 12, the scored ones well inside the border
    nodes = np.concatenate([anchor, 12.0 * rng.integers(-6, 7, (400, 3))])
    moved = np.stack([elastic(nodes, 6, 40, np.random.default_rng(seed)) - nodes for seed in range(30)])[:, 1:]
    assert moved.std() == pytest.approx(40 * (19 / 81) ** 1.5, rel=0.05)
    assert abs(moved.mean()) < 0.5
    positions = np.concatenate([anchor, rng.uniform(-90, 90, (400, 3))])
    near = positions + np.where(positions == 96.0, 0.0, 0.01)
    change = elastic(near, 6, 40, np.random.default_rng(3)) - elastic(positions, 6, 40, np.random.default_rng(3))
    assert 0 < np.abs(change[1:] - 0.01).max() < 0.1


def test_zero_magnitude_moves_nothing() -> None:
    positions = np.random.default_rng(0).uniform(-5, 5, (10, 3))
    np.testing.assert_array_equal(elastic(positions, 2, 0.0, np.random.default_rng(1)), positions)


def test_a_field_that_is_too_large_is_refused() -> None:
    with pytest.raises(InputError, match="elastic distortion needs"):
        elastic(np.array([[1e4, 1e4, 1e4]]), 2, 16, np.random.default_rng(0))
