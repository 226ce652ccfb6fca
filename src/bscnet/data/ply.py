"""Reading vertices and their labels from PLY files, with every way a file can be wrong told in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from plyfile import PlyData, PlyElement

from bscnet.data.labels import MAX_NYU40_ID
from bscnet.errors import InputError

_TRIANGLES = {"face": {"vertex_indices": 3, "vertex_index": 3}}


def read_mesh(path: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Vertex positions (P, 3) float32 in metres and colours (P, 3) uint8 of a coloured mesh.

    InputError: file missing or damaged, no vertices, no faces, no 8-bit colours, a coordinate that is not finite.
    """
    ply = _parse(path)
    vertex = _vertices(ply, path)
    if "face" not in ply or ply["face"].count == 0:
        raise InputError(f"{path}: the file has no faces, but a scan must be a mesh (an element 'face' of triangles)")
    axes = np.stack([_column(vertex, axis, "f", path) for axis in "xyz"], axis=1)
    with np.errstate(over="ignore"):  # a double beyond float32 becomes inf and is told below
        points = axes.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(bad):
        raise InputError(
            f"{path}: {len(bad)} vertices have coordinates that are not finite, the first is vertex {bad[0]}"
        )
    colors = np.stack([_column(vertex, channel, "u1", path) for channel in ("red", "green", "blue")], axis=1)
    return points, np.ascontiguousarray(colors)


def read_labels(path: Path, num_points: int) -> npt.NDArray[np.int64]:
    """NYU40 id (0..40) of each of the `num_points` vertices of the mesh that the label file belongs to.

    InputError: file missing or damaged, no property 'label', another number of vertices, an id outside 0..40.
    """
    labels = _column(_vertices(_parse(path), path), "label", "iu", path)
    if len(labels) != num_points:
        raise InputError(
            f"{path}: {len(labels)} labels for the {num_points} vertices of the mesh, they must be as many"
        )
    bad = np.flatnonzero((labels < 0) | (labels > MAX_NYU40_ID))
    if len(bad):
        raise InputError(
            f"{path}: label {labels[bad[0]]} of vertex {bad[0]} is out of range, "
            f"NYU40 ids are 0..{MAX_NYU40_ID} ({len(bad)} such vertices)"
        )
    return labels.astype(np.int64)


def _parse(path: Path) -> PlyData:
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    # A damaged header can make the parser fail in any way (bad counts, bad bytes, unknown types); each is a bad file.
    try:
        return PlyData.read(str(path), known_list_len=_TRIANGLES)
    except Exception as first:
        error = first
    try:  # faces that are not all triangles are read row by row
        return PlyData.read(str(path))
    except Exception:
        raise InputError(f"{path}: damaged or truncated PLY file ({_one_line(error)})") from error


def _vertices(ply: PlyData, path: Path) -> PlyElement:
    if "vertex" not in ply or ply["vertex"].count == 0:
        raise InputError(f"{path}: the file has no vertices, but at least one is needed")
    return ply["vertex"]


def _column(vertex: PlyElement, name: str, kind: str, path: Path) -> npt.NDArray[Any]:
    """A scalar vertex property; kind is a NumPy kind letter set ("f", "iu") or an exact type ("u1")."""
    wanted = {"f": "float or double", "iu": "an integer type", "u1": "uchar"}[kind]
    if name not in vertex.data.dtype.names:
        raise InputError(f"{path}: vertices have no property '{name}', it must be there and be {wanted}")
    column = np.asarray(vertex.data[name])
    if not (column.dtype == np.uint8 if kind == "u1" else column.dtype.kind in kind):
        raise InputError(f"{path}: the vertex property '{name}' has the wrong type, it must be {wanted}")
    return column


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:160]
