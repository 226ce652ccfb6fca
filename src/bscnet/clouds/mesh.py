"""The faces of a mesh in a PLY file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.formats.ply.elements import Element, Header
from bscnet.clouds.formats.ply.header import whole_header
from bscnet.clouds.formats.ply.lines import Lines, places_of
from bscnet.clouds.formats.ply.places import behind
from bscnet.clouds.formats.ply.walk import blocks
from bscnet.counted import counted
from bscnet.errors import InputError

Corners = npt.NDArray[np.int64]

_NAMES = ("vertex_indices", "vertex_index")
"""What a face's list of vertices may be called, best first."""

_LINES = 1 << 16


def read_corners(path: Path, num_points: int) -> Corners:
    """The first three corners (F, 3) of each face of a mesh of `num_points` vertices, as vertex numbers.

    Raises:
        InputError: file missing or damaged, no faces, faces of fewer than three corners or with a corner that is no
            vertex.
    """
    header = whole_header(path)
    place = header.place("face")
    if place is None:
        raise InputError(f"{path}: the file has no faces, but at least one is needed")
    face = header.elements[place]
    name = next((one.name for known in _NAMES for one in face.lists if one.name == known and one.kind[0] in "iu"), None)
    if name is None:
        raise InputError(f"{path}: the faces have no property 'vertex_indices', it must list the numbers of vertices")
    start = behind(path, header.order, header.elements[:place], header.offset)
    parts = (_of_blocks if header.order else _of_lines)(path, header, face, name, start)
    lengths, corners = (np.concatenate(part) for part in zip(*parts, strict=True))
    if lengths.min() < 3:
        raise InputError(f"{path}: face {lengths.argmin()} has {lengths.min()} corners, it must have at least 3")
    bad = np.flatnonzero((corners < 0) | (corners >= num_points))
    if len(bad):
        raise InputError(
            f"{path}: no vertex has the number of {counted(len(bad), 'corner')} of faces, the first is "
            f"{corners[bad[0]]}, but the {num_points} vertices are numbered from 0"
        )
    if len(corners) == 3 * len(lengths):
        return corners.reshape(-1, 3).astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    return np.stack([corners[starts + corner] for corner in range(3)], axis=1).astype(np.int64)


def _of_blocks(
    path: Path, header: Header, face: Element, name: str, start: int
) -> Iterator[tuple[Corners, npt.NDArray[Any]]]:
    """Lengths of the lists, and their items."""
    with path.open("rb") as stream:
        stream.seek(start)
        for block in blocks(stream, face, header.order, path):
            yield block.lists(name)


def _of_lines(path: Path, _: Header, face: Element, name: str, start: int) -> Iterator[tuple[Corners, Corners]]:
    """The same of a text."""
    with path.open("rb") as stream:
        stream.seek(start)
        source, first = Lines(stream, path), 0
        while first < face.count:
            lines = source.take(min(_LINES, face.count - first))
            if not lines:
                missing = face.count - first
                raise InputError(f"{path}: the file is truncated, {missing} of its {face.count} faces are missing")
            lists = [_list(path, face, name, line, first + row) for row, line in enumerate(lines)]
            first += len(lists)
            lengths = np.array([len(one) for one in lists], np.int64)
            yield lengths, np.array([number for one in lists for number in one], np.int64)


def _list(path: Path, face: Element, name: str, line: bytes, row: int) -> list[int]:
    words = line.split()
    places = places_of(words, face)
    try:
        if places is not None:
            at = places[name] + 1
            return [int(word) for word in words[at : at + int(words[at - 1])]]
    except ValueError:
        pass
    raise InputError(
        f"{path}: face {row} is {line[:60].decode('latin-1')!r}, it must be the values of its "
        f"{len(face.properties)} properties, lists with their length before them"
    )
