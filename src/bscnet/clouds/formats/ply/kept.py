"""A PLY given back with properties added to its vertices: everything else stays byte for byte."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from bscnet.clouds.colors import of_eight_bit
from bscnet.clouds.columns import COLORS
from bscnet.clouds.fields import Rows
from bscnet.clouds.formats.ply.blocks import Block
from bscnet.clouds.formats.ply.elements import Element
from bscnet.clouds.formats.ply.lines import Lines, places_of
from bscnet.clouds.formats.ply.reader import PlyFile
from bscnet.clouds.formats.ply.walk import blocks
from bscnet.clouds.writer import Columns
from bscnet.errors import InputError

_COPIED = 1 << 20


class KeptVertices:
    """The vertices of a file with more values behind their own, one part after the other, in the file's own encoding.

    Args:
        file: the file.
        painted: whether its colours are given others.

    Raises:
        InputError: the colours' type does not hold 0 to 255.
    """

    def __init__(self, file: PlyFile, painted: bool) -> None:
        self._file = file
        self._at = file.start
        self._painted = {color: file.columns[color].field for color in COLORS} if painted else {}
        self._kinds = {one.name: np.dtype(one.kind) for one in file.vertex.numbers}
        for name in self._painted.values():
            if self._kinds[name] == np.int8:
                raise InputError(
                    f"{file.path}: property '{name}' is of type char, which does not hold the colours of classes, 0 to "
                    "255; it must be uchar"
                )

    def copy_before(self, stream: BinaryIO) -> None:
        """Write what stands between the header and the vertices."""
        left = self._file.start - self._file.header.offset
        with self._file.path.open("rb") as source:
            source.seek(self._file.header.offset)
            while left and (part := source.read(min(left, _COPIED))):
                stream.write(part)
                left -= len(part)

    def copy_behind(self, stream: BinaryIO) -> None:
        """Write what stands behind the vertices."""
        with self._file.path.open("rb") as source:
            source.seek(self._at)
            shutil.copyfileobj(source, stream, _COPIED)

    def encoded(self, rows: Rows, added: Columns, colors: Columns, largest: str) -> bytes:
        """The next vertices.

        Args:
            rows: of the file.
            added: the values behind the vertices' own, of types that PLY has.
            colors: red, green and blue, uint8, if they are painted.
            largest: value that the file's own colours reach to, a word of `colors.RANGES`.
        """
        paint = {name: of_eight_bit(colors[color], largest, self._kinds[name]) for color, name in self._painted.items()}
        if not self._file.header.order:
            return self._lines(len(rows), added, paint)
        if self._file.vertex.lists:
            return self._blocks(len(rows), added, paint)
        own = {name: paint.get(name, rows.fields[name]) for name in self._kinds}
        self._at += len(rows) * self._file.vertex.row_bytes(0)
        return packed([*own.values(), *added.values()], self._file.header.order).tobytes()

    def _lines(self, count: int, added: Columns, paint: Columns) -> bytes:
        with self._file.path.open("rb") as stream:
            stream.seek(self._at)
            source = Lines(stream, self._file.path)
            lines = source.take(count)
            self._at = source.offset
        if paint:
            words = zip(*(_words(values) for values in paint.values()), strict=True)
            lines = [
                _repainted(line, self._file.vertex, dict(zip(paint, row, strict=True)))
                for line, row in zip(lines, words, strict=True)
            ]
        rows = zip(lines, *(_words(values) for values in added.values()), strict=True)
        return b"".join(b" ".join(row) + self._file.header.end for row in rows)

    def _blocks(self, count: int, added: Columns, paint: Columns) -> bytes:
        order, done, written = self._file.header.order, 0, list[bytes]()
        with self._file.path.open("rb") as stream:
            stream.seek(self._at)
            for block in blocks(stream, self._file.vertex, order, self._file.path, count):
                part = slice(done, done + len(block))
                data = _painted(block, {name: values[part] for name, values in paint.items()})
                behind = packed([values[part] for values in added.values()], order)
                size, more = behind.itemsize, behind.tobytes()
                for row, (start, stop) in enumerate(pairwise(block.starts.tolist())):
                    written += data[start:stop], more[row * size : (row + 1) * size]
                done += len(block)
                self._at += int(block.starts[-1])
        return b"".join(written)


def packed(columns: list[npt.NDArray[Any]], order: str) -> npt.NDArray[np.void]:
    """Columns as records without gaps."""
    kinds = [(str(place), order + column.dtype.str[1:]) for place, column in enumerate(columns)]
    records = np.empty(len(columns[0]), kinds)
    for place, column in enumerate(columns):
        records[str(place)] = column
    return records


def _painted(block: Block, paint: Columns) -> bytes:
    """The block's data with other values in some of its properties."""
    if not paint:
        return block.data
    data = np.frombuffer(block.data, np.uint8).copy()
    for name, values in paint.items():
        raw = values.astype(block.order + values.dtype.str[1:]).view(np.uint8).reshape(len(values), -1)
        data[block.places[name][:, None] + np.arange(raw.shape[1])] = raw
    return data.tobytes()


def _repainted(line: bytes, vertex: Element, paint: Mapping[str, bytes]) -> bytes:
    """A vertex with other values in some of its properties."""
    words = line.split()
    places = places_of(words, vertex) or {}  # every line has been read before
    for name, word in paint.items():
        words[places[name]] = word
    return b" ".join(words)


def _words(values: npt.NDArray[Any]) -> list[bytes]:
    """Each as the shortest text that gives it back."""
    words: list[bytes] = values.astype("S").tolist()
    return words
