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
    """order: "<" or ">", empty for text. elements, comments: in file order. offset: bytes before the data."""

    order: str
    elements: list[Element]
    comments: list[str]
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
    """All that the header says. Its lines end as the first one does: with a line feed, a carriage return, or both.

    Raises:
        InputError: no such file, an empty one, no PLY header, or a damaged one.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    with path.open("rb") as stream:
        start = stream.read(5)
        stream.seek(0)
        end = b"\r" if start[3:4] == b"\r" and start[4:] != b"\n" else b"\n"
        if _line(stream, end).strip() != b"ply":
            raise InputError(f"{path}: this is no PLY file, its first line must be 'ply'")
        order, elements, comments = _parse(stream, end, path)
        return Header(order, elements, comments, stream.tell())


def whole_header(path: Path) -> Header:
    """The header of a file that is long enough for what it promises, so that a parser makes room for no more.

    Raises:
        InputError: as `parse_header`; a file that is too short.
    """
    header = parse_header(path)
    there, needed = path.stat().st_size - header.offset, header.least_bytes()
    if there < needed:
        raise InputError(
            f"{path}: damaged or truncated PLY file, its header promises at least {needed} bytes of data, "
            f"there are {there}"
        )
    return header


def vertex_layout(path: Path) -> Vertices:
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


def _line(stream: BinaryIO, end: bytes) -> bytes:
    """The next line with its end, or without one where it is longer than any header's or the file ends."""
    if end == b"\n":
        return stream.readline(_MAX_LINE)
    line = bytearray()
    while len(line) < _MAX_LINE and not line.endswith(end) and (byte := stream.read(1)):
        line += byte
    return bytes(line)


def _parse(stream: BinaryIO, end: bytes, path: Path) -> tuple[str, list[Element], list[str]]:
    """Byte order ("" for text), the elements and the comments, in file order; the stream then stands at the data."""
    order, elements, comments = None, list[Element](), list[str]()
    for _ in range(_MAX_LINES):
        raw = _line(stream, end)
        text = raw.decode("ascii", "replace").strip()
        words = text.split()
        if not raw.endswith(end):
            break
        match words:
            case ["comment", *_]:
                comments.append(text.removeprefix("comment").lstrip())
            case [] | ["obj_info", *_]:
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
                return order, elements, comments
            case _:
                raise InputError(f"{path}: damaged PLY header, it holds the line {' '.join(words)[:80]!r}")
    raise InputError(f"{path}: damaged or truncated PLY header, it has no end")
