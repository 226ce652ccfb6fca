"""Rows of a binary PLY's element that has lists: where each begins is told by the lengths in the rows before it."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from bscnet.clouds.formats.ply_header import Element, Property
from bscnet.errors import InputError

_READ = 1 << 20
_CODES = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I"}


@dataclass(frozen=True)
class Block:
    """Consecutive rows.

    Attributes:
        element: whose rows they are.
        order: of their bytes.
        data: bytes that hold them, and maybe more.
        starts: (P + 1,) where in the data each begins, and where the last one ends.
        record: of a row, where all lists of a name are equally long.
    """

    element: Element
    order: str
    data: bytes
    starts: npt.NDArray[np.int64]
    record: np.dtype[np.void] | None = None

    def __len__(self) -> int:
        return len(self.starts) - 1

    def part(self, first: int, stop: int) -> Block:
        """Some of the rows."""
        return replace(self, starts=self.starts[first : stop + 1])

    @cached_property
    def places(self) -> dict[str, npt.NDArray[np.int64]]:
        """(P,) where in the data each property's value, or its list's length, is."""
        places, at = {}, self.starts[:-1]
        for one in self.element.properties:
            places[one.name], at = at, at + one.bytes
            if one.length is not None:
                at = at + self._at(places[one.name], one.length).astype(np.int64) * one.item_bytes
        return places

    def numbers(self, name: str) -> npt.NDArray[Any]:
        """(P,) values of a property, in this machine's byte order."""
        if self.record is not None:
            return _native(self._table[name])
        return self._at(self.places[name], self._property(name).kind)

    def lists(self, name: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
        """(P,) lengths of the lists of a property, and all their items one behind the other."""
        if self.record is not None:
            items = self._table[name]
            return np.full(len(self), items.shape[1], np.int64), _native(items).reshape(-1)
        one = self._property(name)
        lengths = self._at(self.places[name], str(one.length)).astype(np.int64)
        begins = self.places[name] + one.bytes - (np.cumsum(lengths) - lengths) * one.item_bytes
        return lengths, self._at(np.repeat(begins, lengths) + np.arange(lengths.sum()) * one.item_bytes, one.kind)

    @property
    def _table(self) -> npt.NDArray[np.void]:
        assert self.record is not None
        return np.frombuffer(self.data, self.record, len(self), int(self.starts[0]))

    def _property(self, name: str) -> Property:
        return next(one for one in self.element.properties if one.name == name)

    def _at(self, places: npt.NDArray[np.int64], kind: str) -> npt.NDArray[Any]:
        raw = np.frombuffer(self.data, np.uint8)[places[:, None] + np.arange(int(kind[1:]))]
        return _native(raw.reshape(-1).view(f"{self.order}{kind}"))


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


def _native(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values.astype(values.dtype.newbyteorder("="), copy=False)
