"""Triangle meshes of simple solids, and their rigid motion. Metres, z up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Mesh:
    """A triangle mesh: `vertices` (V, 3) in metres and `triangles` (T, 3), rows of `vertices`."""

    vertices: Floats
    triangles: Ints

    def moved(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Mesh:
        """The mesh translated by (x, y, z) metres."""
        return Mesh(self.vertices + np.array([x, y, z]), self.triangles)

    def turned(self, yaw: float = 0.0, pitch: float = 0.0) -> Mesh:
        """The mesh rotated about the x axis by `pitch`, then about the z axis by `yaw` (radians)."""
        return Mesh(self.vertices @ rotation(yaw, pitch).T, self.triangles)


def rotation(yaw: float, pitch: float = 0.0) -> Floats:
    """The (3, 3) matrix Rz(yaw) Rx(pitch), radians."""
    c, s = np.cos(yaw), np.sin(yaw)
    cp, sp = np.cos(pitch), np.sin(pitch)
    about_z = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, cp, -sp], [0.0, sp, cp]])
    return about_z @ about_x


def rectangle_outline(width: float, depth: float) -> Floats:
    """The four corners (4, 2) of a centred rectangle, counter-clockwise."""
    return np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * np.array([width, depth]) / 2.0


def superellipse_outline(width: float, depth: float, exponent: float = 2.0, corners: int = 20) -> Floats:
    """A centred outline (corners, 2) of |2x/width|^e + |2y/depth|^e = 1: e = 2 is an ellipse, large e a rounded box."""
    angle = np.arange(corners) * (2.0 * np.pi / corners)
    cos, sin = np.cos(angle), np.sin(angle)
    x = np.sign(cos) * np.abs(cos) ** (2.0 / exponent) * width / 2.0
    y = np.sign(sin) * np.abs(sin) ** (2.0 / exponent) * depth / 2.0
    return np.stack([x, y], axis=1)


def loft(
    outline: Floats,
    rings: Sequence[tuple[float, float]],
    close_bottom: bool = True,
    close_top: bool = True,
) -> Mesh:
    """A surface through scaled copies of one outline: `rings` lists (scale, z) from the first copy to the last.

    Rings may go down again, which makes bowls and tubs. The ends are closed with fans unless told otherwise.
    """
    corners = len(outline)
    layers = [np.column_stack([outline * scale, np.full(corners, z)]) for scale, z in rings]
    triangles: list[Ints] = []
    here = np.arange(corners)
    after = np.roll(here, -1)
    for level in range(len(rings) - 1):
        low, high = level * corners, (level + 1) * corners
        triangles.append(np.stack([low + here, low + after, high + after], axis=1))
        triangles.append(np.stack([low + here, high + after, high + here], axis=1))
    count = len(rings) * corners
    if close_bottom:
        layers.append(np.array([[0.0, 0.0, rings[0][1]]]))
        triangles.append(np.stack([after, here, np.full(corners, count)], axis=1))
        count += 1
    if close_top:
        top = (len(rings) - 1) * corners
        layers.append(np.array([[0.0, 0.0, rings[-1][1]]]))
        triangles.append(np.stack([top + here, top + after, np.full(corners, count)], axis=1))
    return Mesh(np.concatenate(layers), np.concatenate(triangles))


def box(width: float, depth: float, height: float) -> Mesh:
    """A box that stands on z = 0, centred in x and y."""
    return loft(rectangle_outline(width, depth), [(1.0, 0.0), (1.0, height)])


def cushion(width: float, depth: float, height: float, exponent: float = 6.0) -> Mesh:
    """A box with rounded corners and edges that stands on z = 0."""
    edge = [(0.9, 0.0), (0.98, 0.15), (1.0, 0.4), (1.0, 0.7), (0.97, 0.9), (0.88, 1.0)]
    return loft(superellipse_outline(width, depth, exponent), [(scale, part * height) for scale, part in edge])


def cylinder(radius: float, height: float, top_radius: float | None = None, corners: int = 12) -> Mesh:
    """A cylinder, or a cut cone where `top_radius` differs, that stands on z = 0."""
    ratio = 1.0 if top_radius is None else top_radius / radius
    return loft(superellipse_outline(2 * radius, 2 * radius, corners=corners), [(1.0, 0.0), (ratio, height)])


def bar(start: Sequence[float], end: Sequence[float], thickness: float, corners: int = 8) -> Mesh:
    """A round rod between two points."""
    a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    axis = b - a
    length = float(np.linalg.norm(axis))
    axis = axis / length
    side = np.cross(axis, [0.0, 0.0, 1.0] if abs(axis[2]) < 0.9 else [1.0, 0.0, 0.0])
    side = side / np.linalg.norm(side)
    frame = np.stack([side, np.cross(axis, side), axis])
    rod = cylinder(thickness / 2.0, length, corners=corners)
    return Mesh(rod.vertices @ frame + a, rod.triangles)


def ball(width: float, depth: float, height: float) -> Mesh:
    """An ellipsoid that stands on z = 0."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, 9)
    rings = [(max(float(np.cos(a)), 0.02), float(np.sin(a) + 1.0) * height / 2.0) for a in angle]
    return loft(superellipse_outline(width, depth, corners=14), rings)


def basin(width: float, depth: float, height: float, exponent: float, rim: float, hollow: float) -> Mesh:
    """A solid with a bowl sunk into its top.

    `rim` is the share of the half width that the rim keeps, `hollow` the share of the height that the bowl takes.
    """
    inner = 1.0 - rim
    floor = height * (1.0 - hollow)
    rings = [
        (0.88, 0.0),
        (0.97, 0.5 * height),
        (1.0, height),
        (inner, height),
        (0.94 * inner, floor + 0.5 * (height - floor)),
        (0.72 * inner, floor),
    ]
    return loft(superellipse_outline(width, depth, exponent, corners=24), rings)


def wavy_sheet(width: float, height: float, depth: float, folds: float, phase: float = 0.0) -> Mesh:
    """A hanging cloth in the x-z plane from z = 0 to `height`, folded like a sine of amplitude `depth` / 2."""
    columns = max(int(np.ceil(folds * 8)), 8) + 1
    x = np.linspace(-width / 2.0, width / 2.0, columns)
    y = depth / 2.0 * np.sin(np.linspace(0.0, 2.0 * np.pi * folds, columns) + phase)
    low = np.column_stack([x, 1.15 * y, np.zeros(columns)])
    high = np.column_stack([x, 0.7 * y, np.full(columns, height)])
    here = np.arange(columns - 1)
    first = np.stack([here, here + 1, columns + here + 1], axis=1)
    second = np.stack([here, columns + here + 1, columns + here], axis=1)
    return Mesh(np.concatenate([low, high]), np.concatenate([first, second]))


def panel(corner: Sequence[float], along: Sequence[float], up: Sequence[float]) -> Mesh:
    """A flat parallelogram: `corner`, and the two edges that start there."""
    p, u, v = (np.asarray(value, dtype=np.float64) for value in (corner, along, up))
    return Mesh(np.stack([p, p + u, p + u + v, p + v]), np.array([[0, 1, 2], [0, 2, 3]]))
