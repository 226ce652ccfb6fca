"""The header of a PLY file: its elements, where the vertices stand and what each of them holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from bscnet.errors import InputError

# names of scalar types, old and new, as NumPy's without the byte order
_TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "float": "f4",
    "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4",
    "float32": "f4", "float64": "f8",
}  # fmt: skip
_LENGTHS = {name for name, kind in _TYPES.items() if kind[0] in "iu"}
_ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
_MAX_LINES = 10_000
_MAX_LINE = 10_000


@dataclass
class Element:
    """One element of the file. Types are NumPy's without byte order.

    properties: (name, type) of its numbers. lists: (name, type of the length, type of the items) of its lists.
    """

    name: str
    count: int
    properties: list[tuple[str, str]] = field(default_factory=list)
    lists: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Header:
    """order: "<" or ">", empty for text. elements: in file order. offset: bytes before the data."""

    order: str
    elements: list[Element]
    offset: int

    def least_bytes(self) -> int:
        """Bytes that the data takes at the very least: every list empty, every number in a text one digit."""
        if not self.order:
            rows = (max(2 * (len(e.properties) + len(e.lists)), 1) * e.count for e in self.elements)
            return max(sum(rows) - 1, 0)  # the last line may lack its end
        return sum(max(row_bytes(e, 0), 1) * e.count for e in self.elements)


@dataclass(frozen=True)
class Vertices:
    """The vertices of a file: `count` records of `dtype` after `offset` bytes, or, in text, after `skip` lines more."""

    text: bool
    count: int
    dtype: np.dtype[np.void]
    offset: int
    skip: int


def parse_header(path: Path) -> Header:
    """All that the header says.

    Raises:
        InputError: no such file, an empty one, no PLY header, or a damaged one.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    with path.open("rb") as stream:
        if stream.readline(_MAX_LINE).strip() != b"ply":
            raise InputError(f"{path}: this is no PLY file, its first line must be 'ply'")
        order, elements = _parse(stream, path)
        return Header(order, elements, stream.tell())


def read_header(path: Path) -> Vertices:
    """Where the vertices stand.

    Raises:
        InputError: as `parse_header`; no vertices; vertices that hold or follow lists.
    """
    header = parse_header(path)
    order, offset, skip = header.order, header.offset, 0
    for element in header.elements:
        if element.name == "vertex":
            break
        if element.lists and order:
            raise InputError(
                f"{path}: the lists of element '{element.name}' precede the vertices, they must come after"
            )
        offset, skip = offset + (element.count * row_bytes(element, 0) if order else 0), skip + element.count
    else:
        raise InputError(f"{path}: the file has no vertices, but at least one is needed")
    if element.count == 0:
        raise InputError(f"{path}: the file has no vertices, but at least one is needed")
    if element.lists:
        raise InputError(f"{path}: the vertices hold lists, but they must hold numbers alone")
    return Vertices(not order, element.count, record_dtype(element, order, path), offset, 0 if order else skip)


def row_bytes(element: Element, list_length: int) -> int:
    """Bytes of one row in a binary file whose lists all have `list_length` items."""
    lists = sum(int(size[1:]) + list_length * int(item[1:]) for _, size, item in element.lists)
    return lists + sum(int(kind[1:]) for _, kind in element.properties)


def record_dtype(element: Element, order: str, path: Path) -> np.dtype[np.void]:
    """The numbers of one row as a NumPy record. InputError: a name that is there twice."""
    names = [name for name, _ in element.properties]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{path}: damaged PLY header, property '{twice}' of '{element.name}' is there twice")
    return np.dtype([(name, f"{order}{kind}") for name, kind in element.properties])


def _parse(stream: BinaryIO, path: Path) -> tuple[str, list[Element]]:
    """Byte order ("" for text) and the elements, in file order; the stream then stands at the data."""
    order, elements = None, list[Element]()
    for _ in range(_MAX_LINES):
        raw = stream.readline(_MAX_LINE)
        words = raw.decode("ascii", "replace").split()
        if not raw.endswith(b"\n"):
            break
        match words:
            case [] | ["comment" | "obj_info", *_]:
                continue
            case ["format", name, _] if name in _ORDERS:
                order = _ORDERS[name]
            case ["element", name, number] if number.isascii() and number.isdecimal() and len(number) < 16:
                elements.append(Element(name, int(number)))
            case ["property", "list", size, item, name] if elements and size in _LENGTHS and item in _TYPES:
                elements[-1].lists.append((name, _TYPES[size], _TYPES[item]))
            case ["property", kind, name] if elements and kind in _TYPES:
                elements[-1].properties.append((name, _TYPES[kind]))
            case ["end_header"] if order is not None:
                return order, elements
            case _:
                raise InputError(f"{path}: damaged PLY header, it holds the line {' '.join(words)[:80]!r}")
    raise InputError(f"{path}: damaged or truncated PLY header, it has no end")
