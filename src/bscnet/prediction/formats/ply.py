"""PLY, binary or text."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.data.ply_header import Vertices, vertex_layout
from bscnet.data.scan import grey
from bscnet.datasets.folder.cloud import find_column
from bscnet.errors import InputError
from bscnet.prediction.cloud import Chunk, CloudFile

_MAX_LINE = 10_000
_AXES = ("x", "y", "z")
_COLOURS = (("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("r", "g", "b"))


def open_file(path: Path, colored: bool, values: Sequence[str]) -> PlyFile:
    """See `bscnet.prediction.formats.open_cloud`."""
    return PlyFile(path, colored, values)


class PlyFile(CloudFile):
    """Vertices of a PLY file; what is not asked for is passed over."""

    def __init__(self, path: Path, colored: bool, values: Sequence[str]) -> None:
        self._vertices = vertex_layout(path)
        kinds = dict(self._vertices.dtype.fields or {})
        for axis in _AXES:
            if axis not in kinds:
                raise InputError(f"{path}: the vertices have no property '{axis}'")
        self._values = {name: _property(path, kinds, name) for name in values}
        self._colors = next((names for names in _COLOURS if all(name in kinds for name in names)), None)
        if colored and self._colors is None:
            raise InputError(
                f"{path}: the vertices have no colours (properties red, green, blue), the network needs them"
            )
        if self._colors is not None and any(kinds[name][0] != np.dtype("u1") for name in self._colors):
            if colored:
                raise InputError(
                    f"{path}: the colours must be of type uchar (0 to 255), but are {kinds[self._colors[0]][0]}"
                )
            self._colors = None
        self._check_size(path, self._vertices)
        dtype = np.result_type(*(kinds[axis][0] for axis in _AXES), np.float32).newbyteorder("=")
        super().__init__(path, self._vertices.count, dtype)

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All vertices, `size` at a time."""
        records = self._from_text(size) if self._vertices.text else self._from_bytes(size)
        for record in records:
            x, y, z = (record[axis].astype(self.dtype) for axis in _AXES)
            shades = grey(len(record)) if self._colors is None else np.stack([record[c] for c in self._colors], axis=1)
            yield Chunk((x, y, z), shades, {name: record[column] for name, column in self._values.items()})

    def _from_bytes(self, size: int) -> Iterator[npt.NDArray[Any]]:
        with self.path.open("rb") as stream:
            stream.seek(self._vertices.offset)
            for count in _portions(self.num_points, size):
                records = np.fromfile(stream, self._vertices.dtype, count)
                if len(records) < count:
                    raise _truncated(self.path, self.num_points)
                yield records

    def _from_text(self, size: int) -> Iterator[npt.NDArray[Any]]:
        vertices = self._vertices
        with self.path.open("rb") as raw:
            raw.seek(vertices.offset)
            stream = io.TextIOWrapper(raw, "ascii", "replace")
            for _ in range(vertices.skip):
                if not stream.readline():
                    raise _truncated(self.path, self.num_points)
            first = 0
            for count in _portions(self.num_points, size):
                lines = [line for line in (stream.readline(_MAX_LINE) for _ in range(count)) if line]
                try:
                    records = np.loadtxt(lines, vertices.dtype, comments=None, ndmin=1) if lines else np.empty(0)
                except (ValueError, OverflowError) as error:
                    reason = " ".join(str(error).split())[:120]
                    raise InputError(
                        f"{self.path}: damaged vertex among {first} to {first + count} ({reason})"
                    ) from error
                if len(records) < count:
                    raise _truncated(self.path, self.num_points)
                first += count
                yield records

    @staticmethod
    def _check_size(path: Path, vertices: Vertices) -> None:
        """A file that is too short is told at once; a number in text has one digit and one separator at least."""
        least = vertices.count * (2 * len(vertices.dtype.names or ()) - 1 if vertices.text else vertices.dtype.itemsize)
        if path.stat().st_size < vertices.offset + least:
            raise _truncated(path, vertices.count)


def _property(path: Path, columns: Collection[str], name: str) -> str:
    column = find_column(columns, name)
    if column is None:
        raise InputError(f"{path}: the vertices have no property '{name}', the network needs it")
    return column


def _portions(total: int, size: int) -> Iterator[int]:
    for first in range(0, total, size):
        yield min(size, total - first)


def _truncated(path: Path, count: int) -> InputError:
    return InputError(f"{path}: the file is truncated, it ends before the last of its {count} vertices")
