from __future__ import annotations

import math

import numpy as np
import pytest

from bscnet.viz.camera import Camera
from bscnet.viz.normals import surface_normals
from bscnet.viz.splats import render_panels

ABOVE = Camera(view_angle=90.0, eye=(0.0, 0.0, 4.0), centre=(0.0, 0.0, 0.0), up=(0.0, 1.0, 0.0))
"""Looks down: a metre on the ground is 10 of 80 pixels."""
SIZE = (80, 80)


def colours(points: np.ndarray, rgb: tuple[int, int, int]) -> np.ndarray:
    return np.tile(np.array(rgb, np.uint8), (len(points), 1))


def inked(picture: np.ndarray) -> np.ndarray:
    return picture.min(axis=2) < 250


def test_a_point_is_a_disc_at_its_place() -> None:
    point = np.array([[2.0, 1.0, 0.0]])
    (picture,) = render_panels(point, [colours(point, (0, 0, 0))], ABOVE, SIZE, 1.0)
    rows, columns = np.nonzero(inked(picture))
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx((60, 30), abs=0.26)
    covered = (255 - picture[..., 0].astype(float)).sum() / 255
    assert covered == pytest.approx(math.pi * 5**2, rel=0.05)  # a metre across: ten pixels
    assert set(np.unique(picture[inked(picture)])) > {0}  # its border is smooth


def test_discs_shrink_with_distance_within_bounds() -> None:
    points = np.array([[-0.5, 0.0, 2.0], [2.0, 0.0, 0.0], [1.0, 3.0, 3.999]])
    (picture,) = render_panels(points[:2], [colours(points[:2], (0, 0, 0))], ABOVE, SIZE, 0.4)
    near, far = inked(picture)[:, :45].sum(), inked(picture)[:, 45:].sum()
    assert 3 < near / far < 6  # twice as near: four times the area
    (picture,) = render_panels(points[2:], [colours(points[2:], (0, 0, 0))], ABOVE, SIZE, 1.0)
    assert not inked(picture).any()  # a millimetre before the camera, far beside what it sees
    (picture,) = render_panels(points[:1], [colours(points[:1], (0, 0, 0))], ABOVE, SIZE, 1e-9)
    assert 1 <= inked(picture).sum() <= 9
    (picture,) = render_panels(points[:1], [colours(points[:1], (0, 0, 0))], ABOVE, SIZE, 1e3)
    assert inked(picture).any(axis=0).sum() <= 15


def test_the_foremost_disc_is_seen_whatever_the_order() -> None:
    """Against the definition, sample by sample: of the discs over a sample's middle the one nearest to the camera."""
    rng = np.random.default_rng(0)
    points = np.stack([*rng.uniform(-4, 4, (2, 300)), rng.uniform(0, 2, 300)], axis=1)
    colour = rng.integers(0, 200, (300, 3)).astype(np.uint8)
    (picture,) = render_panels(points, [colour], ABOVE, SIZE, 0.6)
    (other,) = render_panels(points[::-1], [colour[::-1]], ABOVE, SIZE, 0.6)
    np.testing.assert_array_equal(picture, other)
    depth = 4 - points[:, 2]
    across, down = 80 + points[:, 0] / depth * 80, 80 - points[:, 1] / depth * 80  # in samples, two a pixel
    radius = np.clip(80 * 0.6 / depth, 3, 28) / 2
    middles = np.arange(160) + 0.5
    off = (middles[None, :, None] - across) ** 2 + (middles[:, None, None] - down) ** 2
    over = off <= radius**2
    nearest = np.where(over, depth, np.inf).argmin(axis=2)
    empty = ~over.any(axis=2).reshape(80, 2, 80, 2).any(axis=(1, 3))
    np.testing.assert_array_equal(empty, (picture == 255).all(axis=2))
    blocks = nearest.reshape(80, 2, 80, 2).transpose(0, 2, 1, 3).reshape(80, 80, 4)
    whole = over.any(axis=2).reshape(80, 2, 80, 2).all(axis=(1, 3)) & (blocks.min(axis=2) == blocks.max(axis=2))
    seen, wanted = picture[whole].astype(float), colour[blocks[whole][:, 0]].astype(float)
    # darkened, in every channel alike
    share = seen.sum(axis=1) / wanted.sum(axis=1)
    assert len(seen) > 500 and share.min() > 0.2 and share.max() < 1.01
    np.testing.assert_allclose(seen, wanted * share[:, None], atol=1.5)


def test_every_panel_has_its_colours_in_place() -> None:
    grid = np.linspace(-1, 1, 60)
    x, y = np.meshgrid(grid, grid, indexing="ij")
    points = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    halves = np.where(points[:, :1] < 0, np.array([[0, 0, 255]]), np.array([[0, 255, 0]])).astype(np.uint8)
    camera = Camera(view_angle=40.0, eye=(0.0, -3.0, 3.0), centre=(0.0, 0.0, 0.0))
    first, second = render_panels(points, [colours(points, (255, 0, 0)), halves], camera, (160, 120), 0.08)
    assert first.shape == (120, 160, 3) and first.dtype == np.uint8
    assert (first[2, 2] == 255).all()
    assert first[60, 80, 0] > 150 and first[60, 80, 1:].max() == 0
    assert second[60, 60, 2] > 150 and second[60, 60, :2].max() == 0
    assert second[60, 100, 1] > 150 and second[60, 100, [0, 2]].max() == 0
    # a flat floor is evenly lit, but for its border
    floor = first[50:70, 50:110, 0]
    assert np.ptp(floor) <= 1


def test_a_step_in_depth_has_a_dark_edge_and_a_slope_has_none() -> None:
    grid = np.arange(-1.5, 1.5, 0.05)
    x, y = (axis.ravel() for axis in np.meshgrid(grid, grid, indexing="ij"))
    white = np.full((x.size, 3), 250, np.uint8)
    stepped = np.stack([x, y, np.where(x < 0, 0.0, 1.0)], axis=1)
    sloping = np.stack([x, y, 0.2 * x], axis=1)
    dark = []
    for points in (stepped, sloping):
        (picture,) = render_panels(points, [white], ABOVE, SIZE, 0.1)
        dark.append((picture[30:50, 30:50].max(axis=2) < 210).sum())
    assert dark[0] >= 20 and dark[1] == 0


def test_behind_the_camera_or_beside_the_picture_nothing_is_drawn() -> None:
    points = np.array([[0.0, 0.0, 5.0], [100.0, 0.0, 0.0], [0.0, -100.0, 0.0]])
    (picture,) = render_panels(points, [colours(points, (0, 0, 0))], ABOVE, SIZE, 0.5)
    assert (picture == 255).all()


def test_normals_of_planes_and_of_single_points() -> None:
    rng = np.random.default_rng(1)
    flat = np.stack([*rng.uniform(0, 1, (2, 4000)), np.full(4000, 0.51)], axis=1)
    turned = flat[:, [2, 0, 1]] + (10, 0, 0)
    lonely = np.array([[1e9, -1e9, 1e9]])
    normals = surface_normals(np.concatenate([flat, turned, lonely]), 0.1)
    np.testing.assert_allclose(np.abs(normals[:4000]), np.tile([0, 0, 1], (4000, 1)), atol=1e-6)
    np.testing.assert_allclose(np.abs(normals[4000:8000]), np.tile([1, 0, 0], (4000, 1)), atol=1e-6)
    assert normals[-1].tolist() == [0, 0, 1]
