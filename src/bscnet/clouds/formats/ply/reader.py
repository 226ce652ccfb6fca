"""PLY, binary or text: the vertices, wherever they stand among the elements."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.clouds.cloud import Column
from bscnet.clouds.fields import Field, Rows
from bscnet.clouds.file import CloudFile
from bscnet.clouds.formats.ply.header import whole_header
from bscnet.clouds.formats.ply.lines import Lines, parse
from bscnet.clouds.formats.ply.places import behind
from bscnet.clouds.formats.ply.walk import blocks
from bscnet.errors import InputError

_LINES = 1 << 13
"""Lines of a text that are parsed at once."""

Columns = dict[str, Column]


class PlyFile(CloudFile):
    """Vertices of a PLY file. Their numbers are its fields; lists that a vertex has are none, nor other elements.

    Attributes:
        header: what the header says.
        vertex: the element of the vertices.
    """

    def __init__(self, path: Path) -> None:
        self.header = whole_header(path)
        place = self.header.place("vertex")
        if place is None:
            raise InputError(f"{path}: the file has no vertices, but at least one is needed")
        self.vertex = self.header.elements[place]
        if not self.vertex.numbers:
            raise InputError(f"{path}: the vertices have no properties, but x, y and z are needed")
        fields = (Field(one.name, np.dtype(one.kind)) for one in self.vertex.numbers)
        super().__init__(path, self.vertex.count, tuple(fields))
        self._before, self._after = self.header.elements[:place], self.header.elements[place + 1 :]
        self._whole = False
        others = [*self._before, *self._after]
        self.beside = (
            *(f"the elements '{one.name}'" for one in others if one.count),
            *(f"the lists '{one.name}'" for one in self.vertex.lists),
        )
        self.comments = tuple(text for _, text in self.header.notes if text)

    @cached_property
    def start(self) -> int:
        """Where in the file the vertices begin.

        Raises:
            InputError: the elements before them are damaged.
        """
        return behind(self.path, self.header.order, self._before, self.header.offset)

    def _rows(self, size: int, names: frozenset[str]) -> Iterator[Rows]:
        if self.header.order and not self.vertex.lists:
            yield from self._records(size, names)
            return
        first = 0
        for columns in _in_chunks(self._from_blocks(names) if self.header.order else self._from_text(names), size):
            rows = Rows(first, columns)
            first += len(rows)
            yield rows

    def _records(self, size: int, names: frozenset[str]) -> Iterator[Rows]:
        """Of vertices that are all of the same size."""
        dtype = self.vertex.record(self.header.order)
        with self.path.open("rb") as stream:
            stream.seek(self.start)
            for first in range(0, self.count, size):
                records = np.fromfile(stream, dtype, min(size, self.count - first))
                if not len(records):
                    return
                yield Rows(first, _columns(records, names))
        self._check_rest(self.start + self.count * dtype.itemsize)

    def _from_blocks(self, names: frozenset[str]) -> Iterator[Columns]:
        end = self.start
        with self.path.open("rb") as stream:
            stream.seek(end)
            for block in blocks(stream, self.vertex, self.header.order, self.path):
                yield {name: block.numbers(name) for name in names}
                end += int(block.starts[-1])
        self._check_rest(end)

    def _from_text(self, names: frozenset[str]) -> Iterator[Columns]:
        with self.path.open("rb") as stream:
            stream.seek(self.start)
            source, first = Lines(stream, self.path), 0
            while first < self.count:
                lines = source.take(min(_LINES, self.count - first))
                if not lines:
                    return
                yield _columns(parse(self.path, self.vertex, lines, first), names)
                first += len(lines)
        self._check_rest(source.offset)

    def _check_rest(self, offset: int) -> None:
        """Once: that the file holds all elements behind the vertices; of triangles alone its size tells."""
        if self._whole:
            return
        triangles = offset + sum(one.count * one.row_bytes(3) for one in self._after)
        if not self.header.order or triangles != self.path.stat().st_size:
            behind(self.path, self.header.order, self._after, offset)
        self._whole = True


def _columns(records: npt.NDArray[np.void], names: Collection[str]) -> Columns:
    """In this machine's byte order."""
    if records.dtype.isnative:
        return {name: records[name] for name in names}
    return {name: records[name].astype(records.dtype[name].newbyteorder("=")) for name in names}


def _in_chunks(parts: Iterator[Columns], size: int) -> Iterator[Columns]:
    """The same rows, `size` at a time."""
    held, room = list[Columns](), size
    for part in parts:
        count, at = len(next(iter(part.values()))), 0
        while at < count:
            stop = min(at + room, count)
            held.append({name: column[at:stop] for name, column in part.items()})
            at, room = stop, room - (stop - at)
            if not room:
                yield _joined(held)
                held, room = [], size
    if held:
        yield _joined(held)


def _joined(parts: list[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
