from __future__ import annotations

import math

import numpy as np
import pytest

from bscnet.viz.camera import ceiling_height, frame_camera, is_room, open_room, point_spacing, view_direction


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


def test_ceiling_is_the_top_tenth_but_never_below_two_metres() -> None:
    heights = np.linspace(0, 10, 10_001)
    points = np.stack([heights * 0, heights * 0, heights], axis=1)
    assert ceiling_height(points) == pytest.approx(9.9 - 0.98)
    assert ceiling_height(points * 0.2) == pytest.approx(0.02 + 2.0)


def test_a_near_wall_far_away_from_another_room_is_cut_without_a_table_of_all_columns() -> None:
    apart = np.array([0.0, 5e8, 0.0])
    points = np.concatenate([room(), room(1) + apart])
    keep = open_room(points, np.array([1.0, 0.0, 0.0]))
    for half, alone in ((keep[:24_000], room()), (keep[24_000:], room(1))):
        height, near = alone[:, 2], alone[:, 0] > 4.7
        assert not half[(height > 2.3) | (near & (height > 0.6) & (alone[:, 1] > 0.1) & (alone[:, 1] < 3.9))].any()
        assert half[(height < 0.4)].all()


def test_rooms_are_told_from_things_and_streets() -> None:
    points = room()
    assert is_room(points) and is_room(points * [4, 4, 1.2])
    assert not is_room(points * 0.3) and not is_room(points * [1, 0.3, 1]) and not is_room(points * 10)


@pytest.mark.parametrize("step", [0.002, 0.02, 0.05, 0.5, 7.0])
def test_spacing_of_a_plane_is_its_step_at_every_scale(step: float) -> None:
    x, y = np.meshgrid(np.arange(200) * step, np.arange(200) * step)
    points = np.stack([x.ravel() + 1e4, y.ravel() - 3e5, np.full(x.size, 10.0)], axis=1)
    assert point_spacing(points) == pytest.approx(step, rel=0.1)


def test_spacing_of_few_points_is_a_number() -> None:
    assert point_spacing(np.zeros((3, 3))) > 0
    assert 0 < point_spacing(np.array([[0.0, 0, 0], [1, 0, 0]])) < 10
