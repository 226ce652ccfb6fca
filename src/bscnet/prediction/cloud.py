"""Coloured clouds read a chunk at a time: PLY (binary or text) and NPZ.

So that a network without torch labels clouds larger than the memory, with NumPy alone. The readers of training data,
`bscnet.data.folder.formats`, hold whole clouds, take more formats and keep every column.
"""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.data.ply_header import Vertices, read_header
from bscnet.errors import InputError

_MAX_LINE = 10_000
_AXES = ("x", "y", "z")
_COLOURS = (("red", "green", "blue"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("r", "g", "b"))


@dataclass(frozen=True)
class Chunk:
    """Consecutive points. axes: x, y and z, each (P,) in the file's own type; colors: (P, 3) uint8, RGB."""

    axes: tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]
    colors: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.colors)


class Cloud(ABC):
    """A file of coloured points. num_points: at least 1. dtype: of the coordinates."""

    def __init__(self, path: Path, num_points: int, dtype: np.dtype[Any]) -> None:
        self.path, self.num_points, self.dtype = path, num_points, dtype

    @abstractmethod
    def chunks(self, size: int) -> Iterator[Chunk]:
        """All points in file order, `size` at a time. May be called again.

        Raises:
            InputError: the file ends early, or holds what is no number.
        """


class PlyCloud(Cloud):
    """Vertices of a PLY file with 8-bit colours; all else in it is passed over."""

    def __init__(self, path: Path) -> None:
        self._vertices = read_header(path)
        kinds = dict(self._vertices.dtype.fields or {})
        for axis in _AXES:
            if axis not in kinds:
                raise InputError(f"{path}: the vertices have no property '{axis}'")
        self._colors = next((names for names in _COLOURS if all(name in kinds for name in names)), None)
        if self._colors is None:
            raise InputError(
                f"{path}: the vertices have no colours (properties red, green, blue), the network needs them"
            )
        if any(kinds[name][0] != np.dtype("u1") for name in self._colors):
            raise InputError(
                f"{path}: the colours must be of type uchar (0 to 255), but are {kinds[self._colors[0]][0]}"
            )
        self._check_size(path, self._vertices)
        dtype = np.result_type(*(kinds[axis][0] for axis in _AXES), np.float32).newbyteorder("=")
        super().__init__(path, self._vertices.count, dtype)

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All vertices, `size` at a time."""
        records = self._from_text(size) if self._vertices.text else self._from_bytes(size)
        colors = self._colors or ()
        for record in records:
            x, y, z = (record[axis].astype(self.dtype) for axis in _AXES)
            yield Chunk((x, y, z), np.stack([record[name] for name in colors], axis=1))

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
    """Arrays `points` (P, 3) and `colors` (P, 3) uint8 of a NumPy file."""

    def __init__(self, path: Path) -> None:
        self._points, self._colors = (_array(path, name) for name in ("points", "colors"))
        count = len(self._points) if self._points.ndim else 0
        if self._points.shape != (count, 3) or self._points.dtype.kind not in "fiu" or count == 0:
            raise InputError(
                f"{path}: points have shape {self._points.shape}, numbers of shape (P, 3), P >= 1, are needed"
            )
        if self._colors.shape != (count, 3) or self._colors.dtype != np.uint8:
            raise InputError(
                f"{path}: colors are {self._colors.dtype} of shape {self._colors.shape}, "
                f"uint8 of shape ({count}, 3) is needed"
            )
        super().__init__(path, count, np.result_type(self._points.dtype, np.float32))

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All points, `size` at a time."""
        for first in range(0, self.num_points, size):
            part = self._points[first : first + size].astype(self.dtype)
            yield Chunk((part[:, 0], part[:, 1], part[:, 2]), self._colors[first : first + size])


def open_cloud(path: Path) -> Cloud:
    """The cloud in a file, by the ending of its name.

    Raises:
        InputError: another ending than .ply or .npz, no such file, a damaged file, no points, no 8-bit colours.
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
        return PlyCloud(path) if suffix == ".ply" else NpzCloud(path)
    except PermissionError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror})") from error


def _array(path: Path, name: str) -> npt.NDArray[Any]:
    # A damaged archive makes the parsers of zip, zlib and headers fail in any way; each is a bad file.
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            found = arrays.get(name)
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise InputError(f"{path}: damaged, truncated or no NPZ file of numbers ({reason})") from error
    if found is None:
        raise InputError(f"{path}: the array '{name}' is missing, points (P, 3) and colors (P, 3) are needed")
    return np.asarray(found)


def _portions(total: int, size: int) -> Iterator[int]:
    for first in range(0, total, size):
        yield min(size, total - first)


def _truncated(path: Path, count: int) -> InputError:
    return InputError(f"{path}: the file is truncated, it ends before the last of its {count} vertices")
