"""Reading vertices and their labels from PLY files, with every way a file can be wrong told in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds import Rows
from bscnet.clouds.file import one_sentence
from bscnet.clouds.formats.ply.reader import PlyFile
from bscnet.clouds.mesh import read_corners
from bscnet.counted import counted
from bscnet.errors import InputError

__all__ = ["count_vertices", "read_corners", "read_labels", "read_mesh"]


def read_mesh(path: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Vertex positions (P, 3) float32 in metres and colours (P, 3) uint8 of a coloured mesh.

    A binary file of triangles is read as far as its vertices, and its size must be that of the faces promised too.

    Raises:
        InputError: file missing or damaged, no vertices, no faces, no 8-bit colours, a coordinate that is not finite.
    """
    file = _opened(path)
    if file.header.place("face") is None:
        raise InputError(f"{path}: the file has no faces, but a scan must be a mesh (an element 'face' of triangles)")
    vertices = _vertices(file)
    points = np.empty((len(vertices), 3), np.float32)
    with np.errstate(over="ignore"):  # a double beyond float32 becomes inf and is told below
        for axis, name in enumerate("xyz"):
            points[:, axis] = _column(vertices, name, "f", path)
    if not np.isfinite(points).all():
        bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
        raise InputError(
            f"{path}: coordinates of {counted(len(bad), 'vertex', 'vertices')} are not finite, the first is vertex "
            f"{bad[0]}"
        )
    colors = np.empty((len(vertices), 3), np.uint8)
    for channel, name in enumerate(("red", "green", "blue")):
        colors[:, channel] = _column(vertices, name, "u1", path)
    return points, colors


def read_labels(path: Path, num_points: int) -> npt.NDArray[np.int64]:
    """Label of each of the `num_points` vertices of the mesh that the label file belongs to.

    NYU40 ids, and now and then a larger number: the owners' own files hold such labels, which are no class.

    Raises:
        InputError: file missing or damaged, no property 'label', another number of vertices, a negative label.
    """
    labels = _column(_vertices(_opened(path)), "label", "iu", path)
    if len(labels) != num_points:
        raise InputError(
            f"{path}: {len(labels)} labels for the {num_points} vertices of the mesh, they must be as many"
        )
    ids = labels.astype(np.int64)
    if ids.min() < 0:
        bad = np.flatnonzero(ids < 0)
        raise InputError(
            f"{path}: label {ids[bad[0]]} of vertex {bad[0]} is negative, labels are NYU40 ids, from 0 on "
            f"({counted(len(bad), 'such vertex', 'such vertices')})"
        )
    return ids


def count_vertices(path: Path) -> int:
    """How many vertices the header promises.

    Raises:
        InputError: file missing, too short for them, or without any.
    """
    return _opened(path).count


def _opened(path: Path) -> PlyFile:
    with one_sentence(path):
        return PlyFile(path)


def _vertices(file: PlyFile) -> Rows:
    """All of them; read to the end, where a file that is cut shows."""
    (rows,) = file.rows(file.count)
    return rows


def _column(vertices: Rows, name: str, kind: str, path: Path) -> npt.NDArray[Any]:
    """A scalar vertex property; kind is a NumPy kind letter set ("f", "iu") or an exact type ("u1")."""
    wanted = {"f": "float or double", "iu": "an integer type", "u1": "uchar"}[kind]
    if name not in vertices.fields:
        raise InputError(f"{path}: vertices have no property '{name}', it must be there and be {wanted}")
    column = vertices.fields[name]
    if not (column.dtype == np.uint8 if kind == "u1" else column.dtype.kind in kind):
        raise InputError(f"{path}: the vertex property '{name}' has the wrong type, it must be {wanted}")
    return column
