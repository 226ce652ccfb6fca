from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from scipy.interpolate import RegularGridInterpolator

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
    "voxel_size, expected",
    [
        (0.02, ((6, 40), (20, 160))),
        (0.05, ((2, 16), (8, 64))),
        (0.5, ((1, 1.6), (1, 6.4))),
        (0.03, ((4, 80 / 3), (13, 320 / 3))),
    ],
)
def test_the_two_granularities(voxel_size: float, expected: tuple[tuple[float, float], ...]) -> None:
    np.testing.assert_allclose(granularities(1 / voxel_size), expected)


@pytest.mark.parametrize("granularity, magnitude", [(2, 16.0), (8, 64.0), (6, 40.0), (20, 160.0)])
def test_the_whole_distortion_by_scipy(granularity: int, magnitude: float) -> None:
    """Nodes 2 granularities apart, symmetric about the origin; three boxes, twice; multilinear interpolation."""
    positions = np.random.default_rng(1).normal(0, 40, (200, 3)) * (1, 0.5, 0.2)
    counts = np.abs(positions).max(axis=0).astype(int) // granularity + 3
    noise = np.random.default_rng(2).standard_normal((*counts, 3), dtype=np.float32).astype(np.float64)
    axes = [np.linspace(-(n - 1) * granularity, (n - 1) * granularity, n) for n in counts]
    moved = positions.copy()
    for component in range(3):
        field = noise[..., component]
        for axis in (0, 1, 2) * 2:
            field = ndimage.convolve1d(field, np.full(3, 1 / 3), axis=axis, mode="constant", cval=0)
        moved[:, component] += magnitude * RegularGridInterpolator(axes, field)(positions)
    found = elastic(positions, granularity, magnitude, np.random.default_rng(2))
    np.testing.assert_allclose(found, moved, atol=1e-4)


@pytest.mark.parametrize("granularity, magnitude", [(2, 16.0), (8, 64.0), (6, 40.0), (20, 160.0)])
def test_neighbouring_nodes_move_alike_and_far_ones_do_not(granularity: int, magnitude: float) -> None:
    """Two boxes of three make the weights (1, 2, 3, 2, 1) / 9, whose overlaps are 16, 10, 4, 1 and 0 nineteenths."""
    step, draws = 2 * granularity, 1500
    along = np.zeros((6, 3))
    along[:, 0] = step * np.arange(-2, 4)
    anchor = np.full((1, 3), 8.0 * step)  # the field reaches far beyond the scored nodes, in every direction
    positions = np.concatenate([anchor, along])
    moved = np.stack([elastic(positions, granularity, magnitude, np.random.default_rng(i)) for i in range(draws)])
    shift = (moved - positions)[:, 1:]
    for axis in range(3):
        found = np.corrcoef(shift[:, :, axis].T)[0]
        np.testing.assert_allclose(found, [1, 16 / 19, 10 / 19, 4 / 19, 1 / 19, 0], atol=5 / np.sqrt(draws))
    assert np.abs(np.corrcoef(shift[:, 0].T) - np.eye(3)).max() < 5 / np.sqrt(draws)
    np.testing.assert_allclose(shift.std(axis=0), magnitude * (19 / 81) ** 1.5, rtol=0.07)
    assert np.abs(shift.mean(axis=0)).max() < 5 * magnitude * (19 / 81) ** 1.5 / np.sqrt(draws)


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
