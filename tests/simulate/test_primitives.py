"""Solids are closed, have the volume that geometry gives them, and stand where they should."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from bscnet.simulate.primitives import (
    Mesh,
    ball,
    bar,
    basin,
    box,
    cushion,
    cylinder,
    panel,
    rotation,
    wavy_sheet,
)

SOLIDS = {
    "box": box(0.4, 0.3, 0.7),
    "cushion": cushion(0.5, 0.4, 0.1),
    "cylinder": cylinder(0.2, 0.5),
    "cone": cylinder(0.2, 0.5, 0.1),
    "bar": bar((0.1, 0.2, 0.3), (0.5, -0.2, 0.9), 0.05),
    "upright bar": bar((0.0, 0.0, 0.0), (0.0, 0.0, 1.0), 0.05),
    "ball": ball(0.3, 0.2, 0.4),
    "basin": basin(0.6, 0.4, 0.2, 4.0, rim=0.1, hollow=0.8),
}


def volume(mesh: Mesh) -> float:
    """Divergence theorem: a sixth of the sum of the triangles' triple products, positive if normals look outwards."""
    a, b, c = (mesh.vertices[mesh.triangles[:, corner]] for corner in range(3))
    return float(np.einsum("ti,ti->", a, np.cross(b, c)) / 6.0)


@pytest.mark.parametrize("name", SOLIDS)
def test_solids_are_closed_and_oriented(name: str) -> None:
    mesh = SOLIDS[name]
    edges = Counter((int(t[i]), int(t[(i + 1) % 3])) for t in mesh.triangles for i in range(3))
    assert set(edges.values()) == {1}
    assert all((b, a) in edges for a, b in edges)
    assert volume(mesh) > 0


def test_volumes() -> None:
    assert volume(SOLIDS["box"]) == pytest.approx(0.4 * 0.3 * 0.7)
    twelve_gon = 12 / 2 * 0.2**2 * np.sin(2 * np.pi / 12)
    assert volume(SOLIDS["cylinder"]) == pytest.approx(twelve_gon * 0.5)
    assert volume(SOLIDS["cone"]) == pytest.approx(twelve_gon * 0.5 * (1 + 0.5 + 0.25) / 3)
    octagon = 8 / 2 * 0.025**2 * np.sin(2 * np.pi / 8)
    assert volume(SOLIDS["bar"]) == pytest.approx(octagon * np.linalg.norm([0.4, -0.4, 0.6]))


def test_a_basin_is_hollow() -> None:
    tub = SOLIDS["basin"]
    assert volume(tub) < 0.6 * 0.6 * 0.4 * 0.2
    floor = tub.vertices[-1]  # centre of the last ring: the bowl's bottom
    assert floor == pytest.approx([0.0, 0.0, 0.2 * (1 - 0.8)])


@pytest.mark.parametrize(("yaw", "pitch"), [(0.0, 0.0), (0.7, -0.3), (3.0, 1.2)])
def test_motion_is_rigid(yaw: float, pitch: float) -> None:
    matrix = rotation(yaw, pitch)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1.0)
    moved = SOLIDS["cushion"].turned(yaw, pitch).moved(1.0, -2.0, 0.5)
    assert volume(moved) == pytest.approx(volume(SOLIDS["cushion"]))


def test_a_quarter_turn_takes_x_to_y() -> None:
    np.testing.assert_allclose(rotation(np.pi / 2) @ [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], atol=1e-12)


def test_sheets() -> None:
    cloth = wavy_sheet(1.2, 2.0, 0.1, folds=5.0)
    assert np.ptp(cloth.vertices[:, 0]) == pytest.approx(1.2)
    assert np.ptp(cloth.vertices[:, 2]) == pytest.approx(2.0)
    assert 0.08 < np.ptp(cloth.vertices[:, 1]) < 0.12
    flat = panel((1, 2, 3), (2, 0, 0), (0, 0, 4))
    a, b, c = (flat.vertices[flat.triangles[:, i]] for i in range(3))
    assert np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2 == pytest.approx(8.0)
