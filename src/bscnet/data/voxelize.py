"""From points to voxels: sites, mean features, and the way back (SparseConvNet's InputLayer, mode 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.data.distinct import Keys, distinct, unpacked
from bscnet.errors import InputError
from bscnet.sparse.limits import MAX_COORD, MIN_COORD

_CHUNK = 1 << 14
"""Points packed at once: their temporary arrays stay in a core's cache."""


@dataclass(frozen=True)
class Voxels:
    """coords: (N, 3) int32, unique, in lexicographic order. feats: (N, C) float32. point_to_voxel: (P,) int32 rows."""

    coords: npt.NDArray[np.int32]
    feats: npt.NDArray[np.float32]
    point_to_voxel: npt.NDArray[np.int32]


def voxelize(positions: npt.NDArray[np.floating], feats: npt.NDArray[np.floating]) -> Voxels:
    """Sites u = floor(position), each with the mean feature of its points: f_u = (1/|P_u|) Σ_{p in P_u} f_p.

    positions: (P, 3) in voxels, P >= 1; feats: (P, C). InputError: no points, or a coordinate that is not finite or
    whose voxel is outside MIN_COORD..MAX_COORD. The result does not depend on the order of the points but for rounding.
    """
    if len(positions) == 0:
        raise InputError("there are no points to voxelize, at least one is needed")
    low, high = bounds(positions)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        raise InputError("a point's coordinate is not finite")
    if np.floor(low.min()) < MIN_COORD or np.floor(high.max()) > MAX_COORD:
        raise InputError(
            f"voxel coordinates reach from {low.min():.0f} to {high.max():.0f}, beyond the key range "
            f"{MIN_COORD}..{MAX_COORD}: take larger voxels or cut the scan"
        )
    origin = np.floor(low).astype(np.int64)
    size = np.floor(high).astype(np.int64) - origin + 1
    keys = _pack(positions, origin, size)
    unique, rows = distinct(keys, int(size.prod()))
    return Voxels(unpacked(unique, origin, size), _mean(feats, rows, len(unique)), rows)


def columns(points: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Views of x, y and z. NumPy reduces or combines three long columns many times faster than P short rows."""
    return points[:, 0], points[:, 1], points[:, 2]


def bounds(points: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Lowest and highest x, y, z of (P, 3) points."""
    axes = columns(points)
    return np.array([axis.min() for axis in axes]), np.array([axis.max() for axis in axes])


def _pack(positions: npt.NDArray[np.floating], origin: Keys, size: Keys) -> Keys:
    """One int64 per point, ordered as its cell (x, y, z); below 2^48 as each axis is below 2^16: exact in float64."""
    keys = np.empty(len(positions), dtype=np.int64)
    x0, y0, z0 = origin.tolist()
    for begin in range(0, len(positions), _CHUNK):
        x, y, z = columns(np.floor(positions[begin : begin + _CHUNK], dtype=np.float64))
        keys[begin : begin + _CHUNK] = ((x - x0) * size[1] + (y - y0)) * size[2] + (z - z0)
    return keys


def _mean(feats: npt.NDArray[np.floating], rows: npt.NDArray[np.int32], num_voxels: int) -> npt.NDArray[np.float32]:
    wide = rows.astype(np.intp)  # once, where each bincount would do it
    counts = np.bincount(wide, minlength=num_voxels)
    mean = np.empty((num_voxels, feats.shape[1]), dtype=np.float32)
    for channel in range(feats.shape[1]):
        mean[:, channel] = np.bincount(wide, weights=feats[:, channel], minlength=num_voxels) / counts
    return mean
