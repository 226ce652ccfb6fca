from __future__ import annotations

import math

import numpy as np
import pytest

from bscnet.viz.camera import frame_camera, open_room, view_direction


def room(seed: int = 0) -> np.ndarray:
    """Points on the floor, ceiling and walls of a 5 x 4 x 2.5 m room, spread evenly."""
    rng = np.random.default_rng(seed)
    points = rng.uniform((0, 0, 0), (5, 4, 2.5), (24_000, 3))
    face = rng.integers(0, 6, len(points))
    for axis, size in enumerate((5, 4, 2.5)):
        points[face == 2 * axis, axis] = 0
        points[face == 2 * axis + 1, axis] = size
    return points


def project(points: np.ndarray, camera, aspect: float) -> np.ndarray:
    """Pinhole projection to -1..1 in both axes, from the definition."""
    eye, centre = np.array(camera.eye), np.array(camera.centre)
    forward = (centre - eye) / np.linalg.norm(centre - eye)
    right = np.cross(forward, camera.up)
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    relative = points - eye
    depth = relative @ forward
    assert (depth > 0).all()
    tangent = math.tan(math.radians(camera.view_angle / 2))
    return np.stack([relative @ right / (depth * tangent * aspect), relative @ up / (depth * tangent)], axis=1)


@pytest.mark.parametrize("turn", [0.0, 0.7, 2.0, 4.0])
@pytest.mark.parametrize("aspect", [0.7, 1.4])
def test_all_points_are_in_the_picture_and_fill_it(turn: float, aspect: float) -> None:
    rotation = np.array([[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
    points = room() @ rotation.T + [10, -20, 3]
    seen = project(points, frame_camera(points, view_direction(points), aspect), aspect)
    assert np.abs(seen).max() <= 1.0
    assert np.abs(seen).max() > 0.9


def test_the_view_is_unit_and_from_above() -> None:
    towards = view_direction(room())
    assert np.linalg.norm(towards) == pytest.approx(1.0)
    assert math.degrees(math.asin(towards[2])) == pytest.approx(52.0)


def test_ceiling_and_near_walls_go_floor_and_far_walls_stay() -> None:
    points = room()
    towards = np.array([0.0, -0.6, 0.8])  # the camera is on the side of y = 0
    keep = open_room(points, towards)
    ceiling = points[:, 2] > 2.49
    wall = (points[:, 2] > 0.6) & (points[:, 2] < 2.2) & (points[:, 0] > 0.4) & (points[:, 0] < 4.6)
    assert not keep[ceiling].any()
    assert not keep[wall & (points[:, 1] == 0)].any()
    assert keep[wall & (points[:, 1] == 4)].all()
    assert keep[points[:, 2] < 0.4].all()


def test_a_single_point_can_be_framed() -> None:
    point = np.array([[1.0, 2.0, 3.0]])
    camera = frame_camera(point, view_direction(point), 1.4)
    assert np.abs(project(point, camera, 1.4)).max() < 1e-6
