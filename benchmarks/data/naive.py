"""The naive way: plyfile for the file, numpy.unique on coordinates for the voxels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from plyfile import PlyData

from bscnet.data.voxelize import Voxels

TRIANGLES = {"face": {"vertex_indices": 3}}
"""Told this, plyfile need not read the faces one by one."""


def read_mesh(
    path: Path, faces: dict[str, dict[str, int]] | None = None
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Positions and colours of a mesh's vertices, as plyfile gives them."""
    vertex = PlyData.read(str(path), known_list_len=faces or {})["vertex"]
    points = np.stack([vertex[axis] for axis in "xyz"], axis=1)
    return points, np.stack([vertex[channel] for channel in ("red", "green", "blue")], axis=1)


def read_labels(path: Path, faces: dict[str, dict[str, int]] | None = None) -> npt.NDArray[np.int64]:
    """The label of every vertex."""
    return np.asarray(PlyData.read(str(path), known_list_len=faces or {})["vertex"]["label"]).astype(np.int64)


def voxelize(positions: npt.NDArray[np.floating], feats: npt.NDArray[np.floating]) -> Voxels:
    """Unique rows of floor coordinates and the mean of each voxel's features."""
    coords, rows = np.unique(np.floor(positions).astype(np.int32), axis=0, return_inverse=True)
    counts = np.bincount(rows)
    sums = [np.bincount(rows, weights=feats[:, channel]) for channel in range(feats.shape[1])]
    mean = np.stack([total / counts for total in sums], axis=1)
    return Voxels(coords, mean.astype(np.float32), rows.astype(np.int32))
