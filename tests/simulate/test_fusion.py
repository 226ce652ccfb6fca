"""Recording and fusing a scene whose geometry is known."""

from __future__ import annotations

import numpy as np
import pytest

from bscnet.simulate.camera import Camera, look_at
from bscnet.simulate.classes import CLASS_IDS
from bscnet.simulate.fusion import ScannedMesh, _canonical, label_points, scan_mesh
from bscnet.simulate.item import Part
from bscnet.simulate.primitives import box, panel
from bscnet.simulate.scanner import Frames, Surfaces, join, record
from bscnet.simulate.textures import Material

CAMERA = Camera(120, 90, np.deg2rad(62), 3.5)
RED = Material("plain", np.array([220.0, 20.0, 20.0]), np.zeros(3), np.eye(3), 0.3, 0.0)
BLUE = Material("plain", np.array([20.0, 20.0, 220.0]), np.zeros(3), np.eye(3), 0.3, 0.0)
FLOOR, TABLE = CLASS_IDS["floor"], CLASS_IDS["table"]
GROUND = 0.015
"""Height of the floor: between two planes of voxels."""


@pytest.fixture(scope="module")
def scanned() -> tuple[Surfaces, Frames, ScannedMesh]:
    """A blue box of 0.6 x 0.6 x 0.5 m on a red floor, seen from all sides."""
    surfaces = join(
        [
            Part(panel((-1.5, -1.5, GROUND), (3.0, 0.0, 0.0), (0.0, 3.0, 0.0)), FLOOR, RED),
            Part(box(0.6, 0.6, 0.5).moved(z=GROUND), TABLE, BLUE),
        ]
    )
    angles = np.arange(12) * np.pi / 6
    poses = np.stack(
        [look_at(np.array([1.4 * np.cos(a), 1.4 * np.sin(a), 1.3]), np.array([0, 0, 0.2])) for a in angles]
    )
    frames = record(surfaces, CAMERA, poses, np.random.default_rng(0))
    return surfaces, frames, scan_mesh(surfaces, frames, CAMERA, 0.03)


def distance_to_truth(points: np.ndarray) -> np.ndarray:
    points = points - [0, 0, GROUND]
    q = np.abs(points - [0, 0, 0.25]) - [0.3, 0.3, 0.25]
    to_box = np.abs(np.linalg.norm(np.maximum(q, 0), axis=1) + np.minimum(q.max(axis=1), 0))
    return np.minimum(to_box, np.abs(points[:, 2]))


def test_points_lie_on_the_true_surfaces(scanned: tuple[Surfaces, Frames, ScannedMesh]) -> None:
    mesh = scanned[2]
    away = distance_to_truth(mesh.points)
    assert len(mesh.points) > 3000
    assert np.median(away) < 0.003
    assert np.quantile(away, 0.98) < 0.03


def test_the_fusion_adds_no_bias(scanned: tuple[Surfaces, Frames, ScannedMesh]) -> None:
    """Rays and fusion agree on where a pixel's centre is: half a pixel off would sink the floor by a centimetre."""
    points = scanned[2].points
    ground = points[(np.abs(points[:, :2]).max(axis=1) > 0.45) & (points[:, 2] < 0.1), 2]
    top = points[(np.abs(points[:, :2]).max(axis=1) < 0.25) & (points[:, 2] > 0.4), 2]
    assert abs(ground.mean() - GROUND) < 0.002
    assert abs(top.mean() - GROUND - 0.5) < 0.003


def test_labels_and_colours_are_those_of_the_surface(scanned: tuple[Surfaces, Frames, ScannedMesh]) -> None:
    mesh = scanned[2]
    top = (np.abs(mesh.points[:, :2]).max(axis=1) < 0.25) & (mesh.points[:, 2] > 0.4)
    ground = (np.abs(mesh.points[:, :2]).max(axis=1) > 0.4) & (mesh.points[:, 2] < 0.1)
    assert top.sum() > 100 and ground.sum() > 1000
    assert (mesh.labels[top] == TABLE).all() and (mesh.labels[ground] == FLOOR).all()
    red, blue = mesh.colours[:, 0].astype(int), mesh.colours[:, 2].astype(int)
    assert (blue[top] > red[top]).all() and (red[ground] > blue[ground]).all()
    assert set(np.unique(mesh.labels)) <= {0, FLOOR, TABLE}


def test_what_no_ray_reached_is_not_in_the_scan(scanned: tuple[Surfaces, Frames, ScannedMesh]) -> None:
    surfaces, frames, mesh = scanned
    underneath = (np.abs(mesh.points[:, :2]).max(axis=1) < 0.2) & (mesh.points[:, 2] < 0.1)
    assert not underneath.any()
    normals = surfaces.vertices[surfaces.triangles]
    facing_down = np.cross(normals[:, 1] - normals[:, 0], normals[:, 2] - normals[:, 0])[:, 2] < -1e-6
    assert facing_down.any() and not frames.seen[facing_down].any()


def test_labels_end_at_the_tolerance(scanned: tuple[Surfaces, Frames, ScannedMesh]) -> None:
    surfaces, frames, _ = scanned
    points = np.array(
        [[1, 1, GROUND + 0.05], [1, 1, GROUND + 0.07], [0, 0, GROUND + 0.55], [0, 0, GROUND + 0.57]], dtype=np.float32
    )
    assert label_points(points, surfaces, frames, 0.06).tolist() == [FLOOR, 0, TABLE, 0]


def test_faces_are_valid(scanned: tuple[Surfaces, Frames, ScannedMesh]) -> None:
    mesh = scanned[2]
    assert np.array_equal(np.unique(mesh.faces), np.arange(len(mesh.points)))
    assert (mesh.faces[:, 0] != mesh.faces[:, 1]).all() and (mesh.faces[:, 1] != mesh.faces[:, 2]).all()


def test_canonical_order_forgets_the_order_given() -> None:
    rng = np.random.default_rng(0)
    points, colours = rng.random((30, 3), dtype=np.float32), rng.random((30, 3), dtype=np.float32)
    faces = np.array([rng.permutation(29)[:3] for _ in range(50)])  # vertex 29 is used by no face
    shuffle, rows, turns = rng.permutation(30), rng.permutation(50), rng.integers(0, 3, 50)
    place = np.argsort(shuffle)
    other = np.stack([np.roll(place[face], turn) for face, turn in zip(faces[rows], turns, strict=True)])
    one = _canonical(points, colours, faces)
    two = _canonical(points[shuffle], colours[shuffle], other)
    for left, right in zip(one, two, strict=True):
        np.testing.assert_array_equal(left, right)
    assert len(one[0]) <= 29
    as_sets = {tuple(sorted(map(tuple, points[f].tolist()))) for f in faces}
    assert {tuple(sorted(map(tuple, one[0][f].tolist()))) for f in one[2]} == as_sets
