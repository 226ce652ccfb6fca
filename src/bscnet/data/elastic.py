"""Elastic distortion: a smooth random displacement field (method section 9; SparseConvNet's ScanNet example)."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from bscnet.data.voxelize import bounds, columns
from bscnet.errors import InputError

_MAX_CELLS = 2**24


def elastic(
    positions: npt.NDArray[np.floating], granularity: float, magnitude: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """positions + magnitude · n(positions), with n a trilinearly interpolated field of smoothed N(0, 1) noise.

    The field has b = ⌊max|x| / granularity⌋ + 3 nodes per axis over [-(b-1)·granularity, (b-1)·granularity]; each of
    its three components is blurred twice with a box of 3 nodes along every axis (zero outside).
    positions: (P, 3) in voxels around the origin; granularity and magnitude in voxels.
    InputError: positions so far out that the field would not fit into memory.
    """
    low, high = bounds(positions)
    nodes = (np.maximum(-low, high) // granularity).astype(np.int64) + 3
    if nodes.prod() > _MAX_CELLS:
        raise InputError(
            f"elastic distortion needs a field of {'x'.join(map(str, nodes))} nodes for this scan, at most "
            f"{_MAX_CELLS} are allowed: switch it off, take larger voxels or cut the scan"
        )
    noise = rng.standard_normal((*nodes, 3), dtype=np.float32)
    for axis in (0, 1, 2, 0, 1, 2):
        noise = box_blur(noise, axis)
    grid = positions / (2 * granularity) + (nodes - 1) / 2
    return positions + magnitude * trilinear(noise, grid)


def granularities(scale: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """(granularity, magnitude) in voxels of the two passes, for `scale` voxels per metre."""
    fine, coarse = max(6 * scale // 50, 1), max(20 * scale // 50, 1)
    return (fine, 40 * scale / 50), (coarse, 160 * scale / 50)


def box_blur(field: npt.NDArray[np.float32], axis: int) -> npt.NDArray[np.float32]:
    """Mean of each node and its two neighbours along one axis; nodes outside the field count as zero."""
    blurred = field.copy()
    inner, outer = [slice(None)] * field.ndim, [slice(None)] * field.ndim
    inner[axis], outer[axis] = slice(1, None), slice(None, -1)
    blurred[tuple(inner)] += field[tuple(outer)]
    blurred[tuple(outer)] += field[tuple(inner)]
    return blurred / np.float32(3)


def trilinear(field: npt.NDArray[np.float32], grid: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Field (X, Y, Z, C) interpolated at (P, 3) positions in node units, all within [0, size - 1]. Returns (P, C)."""
    base = np.minimum(grid.astype(np.int64), np.array(field.shape[:3]) - 2)
    fraction = grid - base
    value = np.zeros((len(grid), field.shape[3]))
    for corner in itertools.product((0, 1), repeat=3):
        u, v, w = (part if side else 1 - part for part, side in zip(columns(fraction), corner, strict=True))
        x, y, z = columns(base + corner)
        value += (u * v * w)[:, None] * field[x, y, z]
    return value
