"""The walk of a hand-held depth camera through a room, and the way it errs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bscnet.simulate.room import Room, Space

Floats = NDArray[np.float64]

NEAREST = 0.35
"""Closest depth that the camera reports, metres."""


@dataclass(frozen=True)
class Camera:
    """A pinhole depth camera: image size in pixels, horizontal field of view in radians, greatest depth in metres."""

    width: int
    height: int
    field_of_view: float
    farthest: float

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return self.width / 2.0 / float(np.tan(self.field_of_view / 2.0))

    @property
    def centre(self) -> tuple[float, float]:
        """Principal point in pixels; pixel i covers [i, i + 1), as the fusion's rounding down expects."""
        return self.width / 2.0, self.height / 2.0

    def directions(self) -> Floats:
        """The (height, width, 3) rays of the pixels in camera axes (x right, y down, z ahead), scaled to z = 1."""
        u, v = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
        cx, cy = self.centre
        return np.stack([(u - cx) / self.focal, (v - cy) / self.focal, np.ones(u.shape)], axis=-1)


def look_at(position: Floats, target: Floats) -> Floats:
    """The camera-to-world matrix (4, 4) of a camera at `position` that looks at `target`, upright."""
    ahead = target - position
    ahead = ahead / np.linalg.norm(ahead)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right = right / np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack([right, np.cross(ahead, right), ahead], axis=1)
    pose[:3, 3] = position
    return pose


def walk(room: Room, frames: int, rng: np.random.Generator) -> Floats:
    """Camera-to-world poses (frames, 4, 4): a loop through the free part of the room.

    Views take turns: across the room, at the wall nearby, at what stands in between. Height and gaze sway as in a hand.
    """
    stands = _free_places(room)
    half = np.array([room.width, room.depth]) / 2.0
    phase, direction = rng.uniform(0, 2 * np.pi), rng.choice([-1.0, 1.0])
    poses = np.empty((frames, 4, 4))
    for index in range(frames):
        angle = phase + direction * 2 * np.pi * index / frames
        ray = np.array([np.cos(angle), np.sin(angle)])
        wanted = ray * half * rng.uniform(0.2, 0.7)
        place = stands[np.argmin(np.sum((stands - wanted) ** 2, axis=1))] + rng.normal(0.0, 0.02, 2)
        height = 1.45 + 0.2 * np.sin(2.7 * angle) + rng.normal(0.0, 0.04)
        reach, turn, top = ((1.0, np.pi, 1.25), (1.0, 0.0, 1.0), (rng.uniform(0.0, 0.6), np.pi, 0.5))[index % 3]
        bearing = angle + turn + rng.normal(0.0, 0.35)
        aim = np.append(np.array([np.cos(bearing), np.sin(bearing)]) * half * reach, rng.uniform(0.0, top))
        if np.linalg.norm(aim[:2] - place) < 0.3:  # not straight down, where "upright" has no meaning
            aim[:2] = place - 0.6 * ray
        poses[index] = look_at(np.append(place, height), aim)
    return poses


def _free_places(room: Room) -> Floats:
    """Points of a 10 cm grid (P, 2) where somebody can hold a camera; the middle of the room if there are none."""
    xs = np.arange(-room.width / 2 + 0.3, room.width / 2 - 0.29, 0.1)
    ys = np.arange(-room.depth / 2 + 0.3, room.depth / 2 - 0.29, 0.1)
    grid = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1).reshape(-1, 2)
    free = np.ones(len(grid), dtype=bool)
    for space in room.spaces:
        # A space that only keeps the floor before a door clear does not stop anybody, unless the door is ajar.
        if space.high > 1.1:
            free &= ~_inside(space, grid, margin=0.22)
    return grid[free] if free.any() else np.zeros((1, 2))


def _inside(space: Space, points: Floats, margin: float) -> NDArray[np.bool_]:
    c, s = np.cos(space.yaw), np.sin(space.yaw)
    dx, dy = points[:, 0] - space.x, points[:, 1] - space.y
    along, across = np.abs(c * dx + s * dy), np.abs(c * dy - s * dx)
    return (along < space.width / 2 + margin) & (across < space.depth / 2 + margin)


def hand_error(poses: Floats, rng: np.random.Generator) -> Floats:
    """The poses that tracking believes in: a few millimetres and tenths of a degree beside the true ones."""
    believed = poses.copy()
    count = len(poses)
    turn = rng.normal(0.0, 0.0015, (count, 3))
    skew = np.zeros((count, 3, 3))
    skew[:, 0, 1], skew[:, 0, 2], skew[:, 1, 2] = -turn[:, 2], turn[:, 1], -turn[:, 0]
    skew -= np.transpose(skew, (0, 2, 1))
    step, _ = np.linalg.qr(np.eye(3) + skew)
    step *= np.sign(np.einsum("nii->ni", step))[:, None, :]
    believed[:, :3, :3] = step @ poses[:, :3, :3]
    believed[:, :3, 3] += rng.normal(0.0, 0.002, (count, 3))
    return believed


def _blotches(rng: np.random.Generator, shape: tuple[int, int, int], cell: int) -> NDArray[np.float32]:
    """Uniform noise (frames, height, width) that is constant over cells of `cell` pixels."""
    frames, height, width = shape
    coarse = rng.random((frames, -(-height // cell), -(-width // cell)), dtype=np.float32)
    return coarse.repeat(cell, axis=1).repeat(cell, axis=2)[:, :height, :width]


def measure(camera: Camera, depth: Floats, facing: Floats, missing: Floats, rng: np.random.Generator) -> Floats:
    """What the depth camera reports for true depths; 0 where it reports nothing. All arrays (frames, height, width).

    depth: metres along the optical axis, inf without a hit. facing: |cos| of the angle between ray and normal.
    missing: share of readings that the surface swallows. Noise: sigma = 0.0012 + 0.0019 (z - 0.4)^2 metres (Nguyen,
    Izadi, Lovell 2012, axial), larger at grazing angles, and steps that grow with z^2. Readings are lost at
    grazing angles, at depth edges, on glossy surfaces and glass in blotches, and here and there at random.
    """
    hit = np.isfinite(depth) & (depth > NEAREST) & (depth < camera.farthest)
    z = np.where(hit, depth, 1.0)
    sigma = 0.0012 + 0.0019 * (z - 0.4) ** 2
    sigma *= 1.0 + 0.15 / np.maximum(facing, 0.15)
    patch = _blotches(rng, depth.shape, 4)  # neighbouring pixels err together
    noisy = z + sigma * (0.7 * rng.standard_normal(depth.shape, dtype=np.float32) + 1.7 * (patch - 0.5))
    step = 0.0012 * z**2
    noisy = np.round(noisy / step) * step
    lost = rng.random(depth.shape, dtype=np.float32) < 0.005 + 0.9 * np.clip((0.3 - facing) / 0.2, 0.0, 1.0)
    lost |= _blotches(rng, depth.shape, 6) < missing
    edge = np.zeros(depth.shape, dtype=bool)
    for axis in (1, 2):
        jump = np.abs(np.diff(z, axis=axis)) > 0.06 * np.minimum(
            np.take(z, range(z.shape[axis] - 1), axis), np.take(z, range(1, z.shape[axis]), axis)
        )
        before = [slice(None)] * 3
        after = [slice(None)] * 3
        before[axis], after[axis] = slice(None, -1), slice(1, None)
        edge[tuple(before)] |= jump
        edge[tuple(after)] |= jump
    lost |= edge & (rng.random(depth.shape, dtype=np.float32) < 0.6)
    return np.where(hit & ~lost, noisy, 0.0)
