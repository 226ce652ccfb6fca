"""Clouds read a chunk at a time: PLY (binary or text) and NPZ.

So that a network without torch labels clouds larger than the memory, with NumPy alone. The readers of training data,
`bscnet.data.folder.formats`, hold whole clouds, take more formats and keep every column.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.data.folder.cloud import find_column
from bscnet.data.ply_header import Vertices, read_header
from bscnet.data.scan import grey
from bscnet.errors import InputError

_MAX_LINE = 10_000
_AXES = ("x", "y", "z")
_COLOURS = (("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("r", "g", "b"))


@dataclass(frozen=True)
class Chunk:
    """Consecutive points.

    axes: x, y and z, each (P,) in the file's own type. colors: (P, 3) uint8, RGB. values: (P,) each, as in the file.
    """

    axes: tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]
    colors: npt.NDArray[np.uint8]
    values: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.colors)


class Cloud(ABC):
    """A file of points. num_points: at least 1. dtype: of the coordinates."""

    def __init__(self, path: Path, num_points: int, dtype: np.dtype[Any]) -> None:
        self.path, self.num_points, self.dtype = path, num_points, dtype

    @abstractmethod
    def chunks(self, size: int) -> Iterator[Chunk]:
        """All points in file order, `size` at a time. May be called again.

        Raises:
            InputError: the file ends early, or holds what is no number.
        """


class PlyCloud(Cloud):
    """Vertices of a PLY file; what is not asked for is passed over."""

    def __init__(self, path: Path, colored: bool, values: Sequence[str]) -> None:
        self._vertices = read_header(path)
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


class NpzCloud(Cloud):
    """Arrays `points` (P, 3), `colors` (P, 3) uint8 and the values (P,) that are asked for, of a NumPy file."""

    def __init__(self, path: Path, colored: bool, values: Sequence[str]) -> None:
        arrays = _arrays(path, ["points", *(["colors"] if colored else []), *values])
        self._points = arrays.pop("points")
        count = len(self._points) if self._points.ndim else 0
        if self._points.shape != (count, 3) or self._points.dtype.kind not in "fiu" or count == 0:
            raise InputError(
                f"{path}: points have shape {self._points.shape}, numbers of shape (P, 3), P >= 1, are needed"
            )
        self._colors = arrays.pop("colors") if colored else grey(count)
        if self._colors.shape != (count, 3) or self._colors.dtype != np.uint8:
            raise InputError(
                f"{path}: colors are {self._colors.dtype} of shape {self._colors.shape}, "
                f"uint8 of shape ({count}, 3) is needed"
            )
        for name, array in arrays.items():
            if array.shape != (count,) or array.dtype.kind not in "fiu":
                raise InputError(
                    f"{path}: {name} is {array.dtype} of shape {array.shape}, numbers of shape ({count},) are needed"
                )
        self._values = arrays
        super().__init__(path, count, np.result_type(self._points.dtype, np.float32))

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All points, `size` at a time."""
        for first in range(0, self.num_points, size):
            rows = slice(first, first + size)
            part = self._points[rows].astype(self.dtype)
            values = {name: array[rows] for name, array in self._values.items()}
            yield Chunk((part[:, 0], part[:, 1], part[:, 2]), self._colors[rows], values)


def open_cloud(path: Path, colored: bool = True, values: Sequence[str] = ()) -> Cloud:
    """The cloud in a file, by the ending of its name.

    Args:
        path: of the file.
        colored: whether points must have colours; where they need none, an NPZ file's are not read.
        values: names of what points must have beside position and colour.

    Raises:
        InputError: another ending than .ply or .npz, no such file, a damaged file, no points, no 8-bit colours where
            they are needed, no such values.
    """
    suffix = path.suffix.lower()
    if suffix not in (".ply", ".npz"):
        raise InputError(
            f"{path}: clouds are read from .ply and .npz files, not from {suffix or 'a name without ending'}"
        )
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    try:
        return (PlyCloud if suffix == ".ply" else NpzCloud)(path, colored, values)
    except PermissionError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror})") from error


def _arrays(path: Path, names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    # A damaged archive makes the parsers of zip, zlib and headers fail in any way; each is a bad file.
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            columns = {name: find_column(arrays.files, name) for name in names}
            found = {name: arrays[column] for name, column in columns.items() if column is not None}
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise InputError(f"{path}: damaged, truncated or no NPZ file of numbers ({reason})") from error
    missing = next((name for name in names if name not in found), None)
    if missing is not None:
        raise InputError(f"{path}: the array '{missing}' is missing, {', '.join(names)} are needed")
    return found


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
