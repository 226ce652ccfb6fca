"""The virtual camera: where it stands, and how its readings err."""

from __future__ import annotations

import numpy as np
import pytest

from bscnet.simulate.camera import NEAREST, Camera, hand_error, look_at, measure, walk
from bscnet.simulate.recipes import ROOM_KINDS, furnish

CAMERA = Camera(160, 120, np.deg2rad(62), 3.5)
SHAPE = (4, 120, 160)


def readings(depth: float, facing: float = 1.0, missing: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(2)
    return measure(CAMERA, np.full(SHAPE, depth), np.full(SHAPE, facing), np.full(SHAPE, missing), rng)


def test_look_at_is_a_rigid_upright_pose() -> None:
    pose = look_at(np.array([1.0, 2.0, 1.5]), np.array([2.0, 4.0, 0.5]))
    np.testing.assert_allclose(pose[:3, :3] @ pose[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)
    np.testing.assert_allclose(pose[:3, 2], np.array([1.0, 2.0, -1.0]) / np.sqrt(6.0))
    assert pose[2, 0] == pytest.approx(0.0), "the horizon is level"
    assert pose[2, 1] < 0, "image rows go down"


def test_rays_span_the_field_of_view() -> None:
    rays = CAMERA.directions()
    assert rays.shape == (120, 160, 3)
    left, right = rays[60, 0], rays[60, -1]
    angle = np.arccos(left @ right / np.linalg.norm(left) / np.linalg.norm(right))
    assert angle == pytest.approx(np.deg2rad(62), rel=0.02)


def test_noise_grows_with_the_square_of_depth() -> None:
    spread = {}
    for depth in (1.0, 2.0, 3.0):
        seen = readings(depth)
        seen = seen[seen > 0]
        assert abs(seen.mean() - depth) < 0.003
        spread[depth] = seen.std()
    expected = {z: 0.0012 + 0.0019 * (z - 0.4) ** 2 for z in spread}
    for depth, sigma in spread.items():
        assert 0.8 * expected[depth] < sigma < 1.6 * expected[depth]


@pytest.mark.parametrize("depth", [0.5 * NEAREST, 3.6, np.inf])
def test_out_of_range_is_no_reading(depth: float) -> None:
    assert not readings(depth).any()


def test_dropouts() -> None:
    share = {facing: np.mean(readings(1.5, facing) == 0) for facing in (1.0, 0.5, 0.2, 0.05)}
    assert share[1.0] < 0.01 and share[0.5] < 0.01
    assert 0.3 < share[0.2] < 0.6
    assert share[0.05] > 0.85
    assert np.mean(readings(1.5, missing=0.6) == 0) == pytest.approx(0.6, abs=0.06)


def test_edges_lose_readings() -> None:
    depth = np.full(SHAPE, 1.0)
    depth[:, :, 80:] = 2.0
    seen = measure(CAMERA, depth, np.ones(SHAPE), np.zeros(SHAPE), np.random.default_rng(0))
    assert 0.45 < np.mean(seen[:, :, 79:81] == 0) < 0.75
    assert np.mean(seen[:, :, 82:] == 0) < 0.01


@pytest.mark.parametrize("kind", ROOM_KINDS)
def test_the_walk_keeps_clear_of_tall_things(kind: str) -> None:
    room = furnish(kind, (6, 1))
    poses = walk(room, 40, np.random.default_rng(3))
    for x, y, z in poses[:, :3, 3]:
        assert 1.0 < z < 1.9
        assert abs(x) < room.width / 2 - 0.15 and abs(y) < room.depth / 2 - 0.15
        for space in room.spaces:
            here = type(space)(x, y, 0.0, 0.02, 0.02, z, z + 0.01)
            assert not space.overlaps(here)
    assert np.ptp(poses[:, 0, 3]) > 0.15, "it does walk"


def test_tracking_errs_by_millimetres() -> None:
    poses = walk(furnish("office", (6, 1)), 200, np.random.default_rng(3))
    believed = hand_error(poses, np.random.default_rng(4))
    np.testing.assert_allclose(
        believed[:, :3, :3] @ np.transpose(believed[:, :3, :3], (0, 2, 1)), np.tile(np.eye(3), (200, 1, 1)), atol=1e-9
    )
    off = believed[:, :3, 3] - poses[:, :3, 3]
    assert 0.0015 < off.std() < 0.0025
    turn = np.arccos(np.clip((np.einsum("nij,nij->n", believed[:, :3, :3], poses[:, :3, :3]) - 1) / 2, -1, 1))
    assert 0.0005 < turn.mean() < 0.006
