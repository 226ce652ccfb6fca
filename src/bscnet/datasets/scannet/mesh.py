"""Reading vertices and their labels from PLY files, with every way a file can be wrong told in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bscnet.counted import counted
from bscnet.data.ply_header import Header, record_dtype, row_bytes, whole_header
from bscnet.data.ply_parse import CORNERS, parse_ply
from bscnet.errors import InputError

if TYPE_CHECKING:
    from plyfile import PlyData


def read_mesh(path: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """Vertex positions (P, 3) float32 in metres and colours (P, 3) uint8 of a coloured mesh.

    A binary file of triangles is read as far as its vertices, and its size must be that of the faces promised too.
    InputError: file missing or damaged, no vertices, no faces, no 8-bit colours, a coordinate that is not finite.
    """
    header = whole_header(path)
    vertices = _vertices(header, path)
    if not any(element.name == "face" and element.count for element in header.elements):
        raise InputError(f"{path}: the file has no faces, but a scan must be a mesh (an element 'face' of triangles)")
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
    InputError: file missing or damaged, no property 'label', another number of vertices, a negative label.
    """
    labels = _column(_vertices(whole_header(path), path), "label", "iu", path)
    if len(labels) != num_points:
        raise InputError(
            f"{path}: {len(labels)} labels for the {num_points} vertices of the mesh, they must be as many"
        )
    bad = np.flatnonzero(labels < 0)
    if len(bad):
        raise InputError(
            f"{path}: label {labels[bad[0]]} of vertex {bad[0]} is negative, labels are NYU40 ids, from 0 on "
            f"({counted(len(bad), 'such vertex', 'such vertices')})"
        )
    return labels.astype(np.int64)


def count_vertices(path: Path) -> int:
    """How many vertices the header promises; InputError: file missing, too short for them, or without any."""
    return _vertex_count(whole_header(path), path)


def read_corners(path: Path, num_points: int) -> npt.NDArray[np.int64]:
    """The first three corners (F, 3) of each face of a mesh of `num_points` vertices, as vertex numbers.

    InputError: file missing or damaged, faces of fewer than three corners or with a corner that is no vertex.
    """
    whole_header(path)
    faces = _parse(path)["face"].data
    name = next((name for name in CORNERS if name in faces.dtype.names), None)
    lists = faces[name] if name is not None else np.empty(0)
    if lists.dtype == object:
        sizes, corners = np.fromiter(map(len, lists), np.int64, len(lists)), np.concatenate(lists)
    else:
        sizes, corners = np.full(len(lists), lists.shape[-1]), lists.ravel()
    if name is None or corners.dtype.kind not in "iu" or (lists.dtype != object and lists.ndim != 2):
        raise InputError(f"{path}: the faces have no property 'vertex_indices', it must list the numbers of vertices")
    if sizes.min() < 3:
        raise InputError(f"{path}: face {sizes.argmin()} has {sizes.min()} corners, it must have at least 3")
    bad = np.flatnonzero((corners < 0) | (corners >= num_points))
    if len(bad):
        raise InputError(
            f"{path}: no vertex has the number of {counted(len(bad), 'corner')} of faces, the first is "
            f"{corners[bad[0]]}, but the {num_points} vertices are numbered from 0"
        )
    starts = np.cumsum(sizes) - sizes
    return np.stack([corners[starts + corner] for corner in range(3)], axis=1).astype(np.int64)


def _vertex_count(header: Header, path: Path) -> int:
    count = next((element.count for element in header.elements if element.name == "vertex"), 0)
    if count == 0:
        raise InputError(f"{path}: the file has no vertices, but at least one is needed")
    return count


def _vertices(header: Header, path: Path) -> npt.NDArray[np.void]:
    """The vertices as records. Files that are not plain binary triangle meshes go through plyfile."""
    _vertex_count(header, path)
    records = _plain_vertices(header, path)
    return _parse(path)["vertex"].data if records is None else records


def _plain_vertices(header: Header, path: Path) -> npt.NDArray[np.void] | None:
    """The vertices of a binary file whose size says that it is whole, faces being triangles; None for all others."""
    names = [element.name for element in header.elements]
    if not header.order or len(set(names)) < len(names):
        return None
    end = header.offset
    for element in header.elements:
        if element.lists and (element.name != "face" or element.lists[0][0] not in CORNERS):
            return None
        if element.name == "vertex":
            start, count, dtype = end, element.count, record_dtype(element, header.order, path)
        end += element.count * row_bytes(element, 3)
    if end != path.stat().st_size or dtype.itemsize == 0:
        return None
    records = np.fromfile(path, dtype, count, offset=start)
    if len(records) < count:
        raise InputError(f"{path}: the file became shorter while it was read")
    return records


def _parse(path: Path) -> PlyData:
    try:
        return parse_ply(path)
    except Exception as error:  # a damaged file makes the parser fail in any way; each is a bad file
        raise InputError(f"{path}: damaged or truncated PLY file ({_one_line(error)})") from error


def _column(vertices: npt.NDArray[np.void], name: str, kind: str, path: Path) -> npt.NDArray[Any]:
    """A scalar vertex property; kind is a NumPy kind letter set ("f", "iu") or an exact type ("u1")."""
    wanted = {"f": "float or double", "iu": "an integer type", "u1": "uchar"}[kind]
    if name not in (vertices.dtype.names or ()):
        raise InputError(f"{path}: vertices have no property '{name}', it must be there and be {wanted}")
    column = np.asarray(vertices[name])
    if not (column.dtype == np.uint8 if kind == "u1" else column.dtype.kind in kind):
        raise InputError(f"{path}: the vertex property '{name}' has the wrong type, it must be {wanted}")
    return column


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:160]
