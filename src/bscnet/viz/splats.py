"""Coloured points drawn as discs, by numpy alone: no screen, no graphics driver, the same picture everywhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bscnet.viz.camera import Camera
from bscnet.viz.normals import surface_normals

SAMPLES = 2
"""Samples along each side of a pixel; their mean is the pixel's colour."""

_PIXELS = (1.5, 14.0)
"""Smallest and largest diameter of a disc, pixels."""

_LIGHT = np.array([0.35, 0.25, 0.9]) / np.linalg.norm([0.35, 0.25, 0.9])
_AMBIENT = 0.74
_SHIFTS = (0.0, 0.25, 0.5, 0.75)
_EDGES = 4.0
_STEP = 0.05
_REACH = 2


@dataclass(frozen=True)
class _Seen:
    """Which point every sample shows, and how deep it lies.

    place: (H, W) rows of `points`, -1 for the background. depth: (H, W) along the view, metres, inf for the background.
    """

    place: NDArray[np.intp]
    depth: NDArray[np.float32]


def render_panels(
    points: NDArray[np.floating],
    panels: Sequence[NDArray[np.uint8]],
    camera: Camera,
    size: tuple[int, int],
    diameter: float,
) -> list[NDArray[np.uint8]]:
    """Draw the same points once for each colouring, on white.

    A point is a disc that faces the camera and hides what lies behind its middle. Surfaces are darkened by a fixed
    light, as a matt wall is, and edges in depth by eye-dome lighting (Boucheny and Ribes, 2009).

    Shapes: points (P, 3) metres; every panel (P, 3) uint8 RGB; results (height, width, 3) uint8.

    Args:
        points: finite.
        panels: colours of the points, once for each picture.
        camera: from where.
        size: width and height in pixels.
        diameter: of a disc, metres.
    """
    width, height = SAMPLES * size[0], SAMPLES * size[1]
    seen = _seen(np.asarray(points, dtype=np.float64), camera, width, height, diameter)
    matt = np.append(_matt(points, 4 * diameter), 1.0).astype(np.float32)
    shade = matt[seen.place] * _edges(seen.depth, diameter)
    pictures = []
    for colours in panels:
        table = np.concatenate([colours, np.full((1, 3), 255, dtype=np.uint8)])
        pixels = np.zeros((size[1], size[0], 3), dtype=np.float32)
        for row, column in np.ndindex(SAMPLES, SAMPLES):
            part = (slice(row, None, SAMPLES), slice(column, None, SAMPLES))
            pixels += table[seen.place[part]] * shade[part][..., None]
        pictures.append(np.rint(pixels / SAMPLES**2).astype(np.uint8))
    return pictures


def _seen(points: NDArray[np.float64], camera: Camera, width: int, height: int, diameter: float) -> _Seen:
    eye, centre = np.array(camera.eye), np.array(camera.centre)
    forward = (centre - eye) / np.linalg.norm(centre - eye)
    right = np.cross(forward, camera.up)
    right /= np.linalg.norm(right)
    local = (points - eye) @ np.stack([right, np.cross(forward, right), forward], axis=1)
    focal = height / 2 / math.tan(math.radians(camera.view_angle / 2))
    # far to near: of several points that one sample is given to, the last stays
    order = np.argsort(-local[:, 2], kind="stable")
    order = order[local[order, 2] > 0]
    depth = local[order, 2]
    radius = np.clip(focal * diameter / depth, SAMPLES * _PIXELS[0], SAMPLES * _PIXELS[1]) / 2
    # a middle lies up to a radius outside, and its disc reaches a radius further
    border = SAMPLES * math.ceil(_PIXELS[1]) + 1
    across = local[order, 0] / depth * focal + width / 2 + border
    down = local[order, 1] / depth * focal + height / 2 + border
    wide, high = width + 2 * border, height + 2 * border
    inside = (across >= border - radius) & (across < wide - border + radius)
    inside &= (down >= border - radius) & (down < high - border + radius)
    order, depth, across, down, radius = (a[inside] for a in (order, depth, across, down, radius))
    foremost = _foremost(across, down, radius, wide, high).reshape(high, wide)[border:-border, border:-border]
    # a last entry for the background, which -1 finds
    return _Seen(np.append(order, -1)[foremost], np.append(depth, np.inf).astype(np.float32)[foremost])


def _foremost(
    across: NDArray[np.float64], down: NDArray[np.float64], radius: NDArray[np.float64], wide: int, high: int
) -> NDArray[np.intp]:
    """For every sample the last of the discs that cover its middle, -1 for none.

    across, down, radius: (P,) in samples, the radius ascending. Discs lie within the wide * high samples.
    """
    found = np.full(wide * high, -1, dtype=np.intp)
    column, row = np.floor(across).astype(np.intp), np.floor(down).astype(np.intp)
    from_column, from_row, reach_squared = column + 0.5 - across, row + 0.5 - down, radius**2
    base, count = row * wide + column, len(radius)
    reach = math.ceil(radius[-1]) if count else 0
    for right in range(-reach, reach + 1):
        for below in range(-reach, reach + 1):
            # smaller discs do not come as far, wherever in its sample their middle lies
            first = int(np.searchsorted(radius, math.hypot(right, below) - math.sqrt(0.5)))
            if first == count:
                continue
            away = (from_column[first:] + right) ** 2 + (from_row[first:] + below) ** 2
            covering = first + np.flatnonzero(away <= reach_squared[first:])
            sample = base[covering] + (below * wide + right)
            nearer = covering > found[sample]
            found[sample[nearer]] = covering[nearer]
    return found


def _matt(points: NDArray[np.floating], cell: float) -> NDArray[np.float64]:
    """How much of its colour a surface keeps, (P, 3) to (P,): ambient + (1 - ambient) |n . l|.

    The mean over normals of cubes that lie half a cube apart, so that their borders are not seen.
    """
    lit = np.mean([np.abs(surface_normals(points + shift * cell, cell) @ _LIGHT) for shift in _SHIFTS], axis=0)
    return np.asarray(_AMBIENT + (1.0 - _AMBIENT) * lit)


def _edges(depth: NDArray[np.float32], diameter: float) -> NDArray[np.float32]:
    """How much of its colour a sample keeps beside nearer ones: eye-dome lighting.

    Steps as small as a disc, which any slanted surface of discs has, are left out. Shapes: (H, W) to (H, W).
    """
    own = np.log2(depth)
    nearer = np.zeros_like(own)
    padded = np.pad(own, _REACH, mode="edge")
    height, width = own.shape
    tolerated = np.log2(1 + diameter / depth)
    for right in (0, _REACH, 2 * _REACH):
        for below in (0, _REACH, 2 * _REACH):
            beside = padded[below : below + height, right : right + width]
            step = np.subtract(own, beside, out=np.zeros_like(own), where=np.isfinite(own))
            nearer += np.clip(step - tolerated, 0.0, _STEP)
    return np.asarray(np.exp(-_EDGES * nearer))
