"""The header of a PLY file: where the vertices stand and what each of them holds."""

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
_ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
_MAX_LINES = 10_000
_MAX_LINE = 10_000


@dataclass
class Element:
    """One element of the file. properties: (name, NumPy type without byte order); lists are only counted."""

    name: str
    count: int
    properties: list[tuple[str, str]] = field(default_factory=list)
    lists: int = 0


@dataclass(frozen=True)
class Vertices:
    """The vertices of a file: `count` records of `dtype` after `offset` bytes, or, in text, after `skip` lines more."""

    text: bool
    count: int
    dtype: np.dtype[np.void]
    offset: int
    skip: int


def read_header(path: Path) -> Vertices:
    """Parse the header.

    Raises:
        InputError: no such file, an empty one, no PLY header, no vertices, or vertices that hold or follow lists.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    with path.open("rb") as stream:
        if stream.readline(_MAX_LINE).strip() != b"ply":
            raise InputError(f"{path}: this is no PLY file, its first line must be 'ply'")
        order, elements = _parse(stream, path)
        offset = stream.tell()
    skip = 0
    for element in elements:
        if element.name == "vertex":
            break
        if element.lists and order:
            raise InputError(
                f"{path}: the lists of element '{element.name}' precede the vertices, they must come after"
            )
        dtype = _dtype(element, order, path)
        offset, skip = offset + (element.count * dtype.itemsize if order else 0), skip + element.count
    else:
        raise InputError(f"{path}: the file has no vertices, but at least one is needed")
    if element.count == 0:
        raise InputError(f"{path}: the file has no vertices, but at least one is needed")
    if element.lists:
        raise InputError(f"{path}: the vertices hold lists, but they must hold numbers alone")
    return Vertices(not order, element.count, _dtype(element, order, path), offset, 0 if order else skip)


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
            case ["property", "list", _, _, _] if elements:
                elements[-1].lists += 1
            case ["property", kind, name] if elements and kind in _TYPES:
                elements[-1].properties.append((name, _TYPES[kind]))
            case ["end_header"] if order is not None:
                return order, elements
            case _:
                raise InputError(f"{path}: damaged PLY header, it holds the line {' '.join(words)[:80]!r}")
    raise InputError(f"{path}: damaged or truncated PLY header, it has no end")


def _dtype(element: Element, order: str, path: Path) -> np.dtype[np.void]:
    names = [name for name, _ in element.properties]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{path}: damaged PLY header, property '{twice}' of '{element.name}' is there twice")
    return np.dtype([(name, f"{order}{kind}") for name, kind in element.properties])
