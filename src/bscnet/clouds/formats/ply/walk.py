"""From row to row of a binary PLY's element that has lists: where one begins is told by the lengths in those before."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from bscnet.clouds.formats.ply.blocks import Block
from bscnet.clouds.formats.ply.elements import Element, Property
from bscnet.errors import InputError

_READ = 1 << 20
_CODES = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I"}


def blocks(stream: BinaryIO, element: Element, order: str, path: Path, rows: int | None = None) -> Iterator[Block]:
    """The rows of an element with lists, from where the stream stands, about a megabyte at once.

    Args:
        stream: of the file.
        element: with a list at least.
        order: of the bytes.
        path: of the file, for the errors.
        rows: how many of them; None for all.

    Raises:
        InputError: the file ends early; a list has a negative length.
    """
    walker = _Walker(element, order, path)
    left = os.fstat(stream.fileno()).st_size - stream.tell()
    wanted = element.count if rows is None else rows
    data = b""
    while walker.done < wanted:
        more = stream.read(max(_READ, len(data)))  # a row may be longer than any block
        data += more
        block = walker.block(data, wanted - walker.done, left)
        if len(block):
            yield block
            end = int(block.starts[-1])
            data, left = data[end:], left - end
        elif not more:
            raise walker.early()


class _Walker:
    """Goes from row to row; `done` rows are behind it."""

    def __init__(self, element: Element, order: str, path: Path) -> None:
        self._element, self._order, self._path = element, order, path
        self.done = 0
        self._steps: list[tuple[int, bool, struct.Struct, int]] = []  # bytes before a list, the list's length and items
        self._tail = 0
        for one in element.properties:
            if one.length is None:
                self._tail += one.bytes
            else:
                length = struct.Struct(order + _CODES[one.length])
                self._steps.append((self._tail, one.length == "u1", length, one.item_bytes))
                self._tail = 0

    def block(self, data: bytes, rows: int, left: int) -> Block:
        """The rows that are whole in the data, at most so many; left: bytes until the end of the file."""
        record = self._uniform(data)
        if record is not None:
            count = min(rows, len(data) // record.itemsize)
            table = np.frombuffer(data, record, count)
            if all((table[_length_of(one)] == record[one.name].shape[0]).all() for one in self._element.lists):
                self.done += count
                return Block(self._element, self._order, data, np.arange(count + 1) * record.itemsize, record)
        starts = self._walk(data, rows, left)
        self.done += len(starts) - 1
        return Block(self._element, self._order, data, np.array(starts, np.int64))

    def early(self) -> InputError:
        """That the file ends within a row."""
        return InputError(
            f"{self._path}: damaged or truncated PLY file, it ends within row {self.done} of the "
            f"{self._element.count} of element '{self._element.name}'"
        )

    def _uniform(self, data: bytes) -> np.dtype[np.void] | None:
        """All rows as a record if they are as the first; None: it is not whole, or too long to guess by."""
        at, fields = 0, list[tuple[Any, ...]]()
        for one in self._element.properties:
            if one.length is not None:
                kind = np.dtype(f"{self._order}{one.length}")
                if at + one.bytes > len(data):
                    return None
                items = int(np.frombuffer(data, kind, 1, at)[0])
                if items < 0:
                    return None
                fields.append((_length_of(one), kind))
                at += items * one.item_bytes
            at += one.bytes
            if at > min(len(data), _READ):
                return None
            fields.append((one.name, f"{self._order}{one.kind}", *(() if one.length is None else ((items,),))))
        return np.dtype(fields)

    def _walk(self, data: bytes, rows: int, left: int) -> list[int]:
        """Where the whole rows begin, and where the last one ends."""
        at, size, starts = 0, len(data), [0]
        for row in range(rows):
            for gap, narrow, length, item in self._steps:
                at += gap
                after = at + length.size
                if after > size:
                    break
                items = data[at] if narrow else length.unpack_from(data, at)[0]
                if items < 0:
                    raise InputError(
                        f"{self._path}: damaged PLY file, a list in row {self.done + row} of element "
                        f"'{self._element.name}' has the length {items}, it must be at least 0"
                    )
                at = after + items * item
            else:
                at += self._tail
                if at <= size:
                    starts.append(at)
                    continue
            if at > left:
                self.done += row
                raise self.early()
            break
        return starts


def _length_of(one: Property) -> str:
    return f"length of {one.name}"  # no property has blanks in its name
