"""Where to look from: a view from above into a room whose ceiling and near walls are cut away."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ELEVATION_DEG = 52.0
"""How far above the horizon the camera stands."""

AZIMUTH_OFF_AXIS_DEG = 28.0
"""How far it is turned off the axis along which it looks."""

ROOM_HEIGHT_M, ROOM_WIDTH_M = (1.8, 6.0), 2.0
"""Heights of what is taken for a room or a flat, and the least width on both sides."""

CEILING_M = 2.0
"""No ceiling hangs lower."""

_VIEW_ANGLE_DEG = 32.0
_COLUMN_M = 0.1


BEHIND_SENSOR = (0.2393, -0.9119, 0.3335)
"""Unit vector to a camera over the shoulder of a sensor that looks along y, for what was seen from one place."""


@dataclass(frozen=True)
class Camera:
    """A perspective camera: vertical opening angle in degrees; eye, centre (metres) and up in the points' frame."""

    view_angle: float
    eye: tuple[float, float, float]
    centre: tuple[float, float, float]
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)


def view_direction(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Unit vector from the scene towards the camera.

    The camera looks mostly along the shorter horizontal axis of the footprint, so the longer one fills the picture's
    width; a turn off that axis lets two walls show. Of the two sides the one with fewer points near it is taken (an
    open or unscanned side hides less). Shapes: points (P, 3) metres, z up; result (3,).
    """
    ground = np.asarray(points[:, :2], dtype=np.float64)
    centred = ground - ground.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    short = axes[:, 0] * (1.0 if axes[1, 0] < 0 or (axes[1, 0] == 0 and axes[0, 0] < 0) else -1.0)
    depth = centred @ short
    low, high = np.percentile(depth, [2, 98])
    margin = 0.1 * (high - low)
    if np.count_nonzero(depth > high - margin) > 1.25 * np.count_nonzero(depth < low + margin):
        short = -short
    azimuth = math.atan2(short[1], short[0]) + math.radians(AZIMUTH_OFF_AXIS_DEG)
    elevation = math.radians(ELEVATION_DEG)
    return np.array(
        [math.cos(elevation) * math.cos(azimuth), math.cos(elevation) * math.sin(azimuth), math.sin(elevation)]
    )


def ceiling_height(points: NDArray[np.floating]) -> float:
    """Height (metres) above which a room's ceiling lies: the top tenth, at least 2 m up. points (P, 3), z up."""
    floor, top = np.percentile(points[:, 2], [1, 99])
    return float(max(floor + CEILING_M, top - 0.1 * (top - floor)))


def is_room(points: NDArray[np.floating]) -> bool:
    """Whether a cloud has the size of a room or a flat: 1.8 to 6 m high and at least 2 m each way. points (P, 3)."""
    low, high = np.percentile(points, [1, 99], axis=0)
    width, depth, height = (high - low).tolist()
    return bool(ROOM_HEIGHT_M[0] <= height <= ROOM_HEIGHT_M[1] and min(width, depth) >= ROOM_WIDTH_M)


def point_spacing(points: NDArray[np.floating]) -> float:
    """About how far apart neighbours on the surfaces lie, metres: from how many cells hold how many points.

    Cells start at 0.1 m, smaller for small things, and are doubled until they hold four points on average, without
    which their number says nothing of the surface. points (P, 3).
    """
    points = np.asarray(points, dtype=np.float64)
    extent = float(np.max(np.ptp(points, axis=0)))
    if extent < 1e-6:  # all at one place
        return 0.01
    cell = min(0.1, extent / 50)
    while True:
        cells = np.unique(np.floor((points - points.min(axis=0)) / cell).astype(np.int64), axis=0)
        if len(points) >= 4 * len(cells) or cell > extent:
            return cell * math.sqrt(len(cells) / len(points))
        cell *= 2


def open_room(
    points: NDArray[np.floating], towards: NDArray[np.floating], wall_m: float = 0.3, kept_m: float = 0.5
) -> NDArray[np.bool_]:
    """Which points to draw so that one sees into the room: no ceiling, no wall between the camera and the room.

    Works on geometry alone (labels may be wrong or absent). The ceiling is what lies in the top tenth of the height
    (at least 2 m up). For every vertical column across the view, the points within `wall_m` metres of the one nearest
    to the camera are taken to be the near wall; its lowest `kept_m` metres stay, so that the outline of the room shows.

    Shapes: points (P, 3) metres, z up; towards (3,), unit vector to the camera; result (P,) bool.
    """
    height = points[:, 2]
    floor = np.percentile(height, 1)
    keep = height <= ceiling_height(points)
    flat = np.asarray(towards[:2], dtype=np.float64) / np.hypot(towards[0], towards[1])
    depth = points[:, :2] @ flat
    across = points[:, :2] @ np.array([-flat[1], flat[0]])
    # numbered as they occur: a few points kilometres apart would have a table of all columns exceed any memory
    present, column = np.unique(np.floor((across - across.min()) / _COLUMN_M), return_inverse=True)
    nearest = np.full(len(present), -np.inf)
    np.maximum.at(nearest, column, depth)
    near_wall = (depth > nearest[column] - wall_m) & (height > floor + kept_m)
    return np.asarray(keep & ~near_wall)


def frame_camera(points: NDArray[np.floating], towards: NDArray[np.floating], aspect: float) -> Camera:
    """Camera on the ray `towards` whose picture (width / height = `aspect`) just holds all points, with a small margin.

    Shapes: points (P, 3) metres; towards (3,), unit vector to the camera.
    """
    forward = -np.asarray(towards, dtype=np.float64)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    local = np.asarray(points, dtype=np.float64) @ np.stack([right, up, forward], axis=1)
    tan_v = math.tan(math.radians(_VIEW_ANGLE_DEG / 2)) * 0.96
    tan_h = tan_v * aspect
    # A point is in the picture when |x - cx| <= tan_h * (z - eye_z); the binding points on both sides fix cx, eye_z.
    centre, distance = [], []
    for axis, tangent in ((0, tan_h), (1, tan_v)):
        high = np.max(local[:, axis] - tangent * local[:, 2])
        low = np.min(local[:, axis] + tangent * local[:, 2])
        centre.append((high + low) / 2)
        distance.append((high - low) / (2 * tangent))
    eye_depth = min(-max(distance), float(local[:, 2].min()) - 0.5)
    basis = np.stack([right, up, forward])
    eye = np.array([centre[0], centre[1], eye_depth]) @ basis
    target = np.array([centre[0], centre[1], float(local[:, 2].mean())]) @ basis
    return Camera(
        view_angle=_VIEW_ANGLE_DEG,
        eye=(float(eye[0]), float(eye[1]), float(eye[2])),
        centre=(float(target[0]), float(target[1]), float(target[2])),
    )
