"""Surface looks: one palette and one set of patterns for every class, so that colour does not name the class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PALETTE = np.array(
    [
        [235, 232, 224], [206, 203, 196], [150, 150, 150], [92, 94, 98], [48, 48, 52],
        [196, 164, 124], [152, 108, 70], [104, 70, 46], [214, 190, 150], [178, 72, 60],
        [214, 138, 76], [222, 196, 104], [120, 140, 84], [72, 104, 80], [96, 152, 150],
        [84, 116, 164], [52, 66, 110], [134, 104, 150], [196, 150, 160], [168, 186, 204],
    ],
    dtype=np.float64,
)  # fmt: skip
"""Base colours (RGB, 0 to 255) from which every surface of every class draws alike."""

PATTERNS = ("plain", "stripes", "checks", "dots", "grain", "marble")


@dataclass(frozen=True)
class Material:
    """One look: two colours mixed by a pattern in space, and how badly a depth camera sees it.

    `missing` is the share of depth readings that are lost on it (glass, gloss, black cloth).
    """

    pattern: str
    first: Floats
    second: Floats
    frame: Floats
    period: float
    missing: float


def random_material(rng: np.random.Generator, missing: float | None = None) -> Material:
    """Draw a material; its distribution is the same for every class. `missing` sets the share of lost readings."""
    first = np.clip(PALETTE[rng.integers(len(PALETTE))] + rng.normal(0.0, 12.0, 3), 12.0, 250.0)
    if rng.random() < 0.6:
        second = np.clip(first * rng.uniform(0.65, 1.3) + rng.normal(0.0, 8.0, 3), 12.0, 250.0)
    else:
        second = PALETTE[rng.integers(len(PALETTE))]
    pattern = PATTERNS[rng.choice(len(PATTERNS), p=[0.34, 0.12, 0.1, 0.1, 0.18, 0.16])]
    frame, _ = np.linalg.qr(rng.normal(size=(3, 3)) * 0.25 + np.eye(3))
    lost = float(rng.choice([0.0, 0.0, 0.0, 0.04, 0.2])) if missing is None else missing
    return Material(pattern, first, second, frame, float(rng.uniform(0.1, 0.5)), lost)


def pattern_value(material: Material, points: Floats) -> Floats:
    """How much of the second colour each of `points` (P, 3; metres) shows: values in [0, 1]."""
    q = points @ material.frame * (2.0 * np.pi / material.period)
    x, y, z = q[:, 0], q[:, 1], q[:, 2]
    if material.pattern == "plain":
        return np.zeros(len(points))
    if material.pattern == "stripes":
        return (np.sin(x + z) > 0.2).astype(np.float64)
    if material.pattern == "checks":
        return (np.sin(x) * np.sin(y) * np.sin(z + 0.7) > 0.0).astype(np.float64)
    if material.pattern == "dots":
        return (np.cos(x) + np.cos(y) + np.cos(z) > 1.1).astype(np.float64)
    if material.pattern == "grain":
        return 0.5 + 0.5 * np.sin(3.0 * x + 1.3 * np.sin(0.35 * y) + 1.1 * np.sin(0.45 * z))
    return 0.5 + 0.5 * np.sin(0.6 * (x + y + z) + 2.0 * np.sin(0.5 * x - 0.8 * z) + 1.7 * np.cos(0.7 * y))


def surface_colour(materials: list[Material], which: NDArray[np.int64], points: Floats) -> Floats:
    """The unlit colour (P, 3; 0 to 255) of `points` (P, 3; metres), point i made of materials[which[i]]."""
    colours = np.empty((len(points), 3))
    order = np.argsort(which, kind="stable")
    present, starts = np.unique(which[order], return_index=True)
    for index, rows in zip(present, np.split(order, starts[1:]), strict=True):
        material = materials[index]
        mix = pattern_value(material, points[rows])[:, None]
        colours[rows] = (1.0 - mix) * material.first + mix * material.second
    return colours


@dataclass(frozen=True)
class Lighting:
    """Ambient light plus distant lamps: `directions` (L, 3) unit vectors towards them, `strengths` (L, 3) RGB."""

    ambient: Floats
    directions: Floats
    strengths: Floats

    def shade(self, colours: Floats, normals: Floats) -> Floats:
        """Lambert's law: colour * (ambient + sum over lamps of strength * max(0, normal . direction))."""
        lit = np.maximum(normals @ self.directions.T, 0.0) @ self.strengths
        return np.clip(colours * (self.ambient + lit), 0.0, 255.0)


def random_lighting(rng: np.random.Generator) -> Lighting:
    """Two or three lamps somewhere above, slightly tinted."""
    lamps = int(rng.integers(2, 4))
    directions = rng.normal(size=(lamps, 3))
    directions[:, 2] = np.abs(directions[:, 2])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    tint = 1.0 + rng.normal(0.0, 0.05, 3)
    strengths = rng.uniform(0.1, 0.4, (lamps, 1)) * (1.0 + rng.normal(0.0, 0.04, (lamps, 3)))
    return Lighting(rng.uniform(0.5, 0.75) * tint, directions, strengths)
