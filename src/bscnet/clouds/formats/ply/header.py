"""The header of a PLY file, read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from bscnet.clouds.formats.ply.elements import Element, Header, Property
from bscnet.errors import InputError

TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "float": "f4",
    "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2", "int32": "i4", "uint32": "u4",
    "float32": "f4", "float64": "f8",
}  # fmt: skip
"""NumPy's names, without the byte order, of scalar types by their old names and their new ones."""

_LENGTHS = {name for name, kind in TYPES.items() if kind[0] in "iu"}
ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
"""NumPy's sign of the byte order of each format, "" of text."""

_MAX_LINES = 10_000
_MAX_BYTES = 1 << 22
_READ = 1 << 13  # more than most headers have
_COUNT = re.compile("0*([0-9]{1,15})")  # some writers leave room for a number to come


def parse_header(path: Path) -> Header:
    """All that the header says. Its lines end as the first one does: with a line feed, a carriage return, or both.

    Raises:
        InputError: no such file, an empty one, no PLY header, or a damaged one.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    with path.open("rb", buffering=0) as stream:
        head = stream.read(_READ)
        if not head:
            raise InputError(f"{path}: the file is empty")
        first = re.match(rb"ply[ \t]*(\r\n|\r|\n)", head)
        if first is None:
            raise InputError(f"{path}: this is no PLY file, its first line must be 'ply'")
        order, offset = None, 0
        elements, notes, lines = list[Element](), list[tuple[str, str]](), list[bytes]()
        for line in _lines(stream, head, first[1][-1:]):
            offset += len(line) + 1
            lines.append(line.removesuffix(b"\r"))
            words = words_of(line)
            match words:
                case ["property", kind, name] if elements and kind in TYPES:
                    elements[-1].properties.append(Property(name, TYPES[kind]))
                case ["property", "list", length, item, name] if elements and length in _LENGTHS and item in TYPES:
                    elements[-1].properties.append(Property(name, TYPES[item], TYPES[length]))
                case ["element", name, number] if count := _COUNT.fullmatch(number):
                    elements.append(Element(name, int(count[1])))
                case ["comment" | "obj_info" as keyword, *_]:
                    notes.append((keyword, _decoded(line.strip()[len(keyword) :].strip())))
                case ["format", name, "1.0"] if name in ORDERS and order is None:
                    order = ORDERS[name]
                case ["end_header"] if order is not None:
                    _refuse_twice(path, elements)
                    return Header(order, elements, notes, offset, lines, first[1])
                case ["ply"] if len(lines) == 1:
                    continue
                case []:
                    continue
                case _:
                    raise InputError(f"{path}: damaged PLY header, it holds the line {' '.join(words)[:80]!r}")
    raise InputError(f"{path}: damaged or truncated PLY header, it has no end")


def whole_header(path: Path) -> Header:
    """The header of a file that is long enough for what it promises, so that a reader makes room for no more.

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


def words_of(line: bytes) -> list[str]:
    """Words of a line of a header."""
    return line.decode().split() if line.isascii() else [_decoded(word) for word in line.split()]


def _decoded(raw: bytes) -> str:
    """Text of a header: UTF-8, or what Windows writes in western Europe, or at worst each byte for itself."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _lines(stream: FileIO, held: bytes, end: bytes) -> Iterator[bytes]:
    """Lines without the byte that ends them, as many as a header may have; what has no end is no line."""
    start = 0
    for _ in range(_MAX_LINES):
        while (stop := held.find(end, start)) < 0:
            more = stream.read(_READ)
            if not more or len(held) > _MAX_BYTES:
                return
            held += more
        yield held[start:stop]
        start = stop + 1


def _refuse_twice(path: Path, elements: list[Element]) -> None:
    names = [one.name for one in elements]
    if len(set(names)) < len(names):
        raise InputError(f"{path}: damaged PLY header, element '{_twice(names)}' is there twice")
    for element in elements:
        names = [one.name for one in element.properties]
        if len(set(names)) < len(names):
            raise InputError(
                f"{path}: damaged PLY header, property '{_twice(names)}' of '{element.name}' is there twice"
            )


def _twice(names: list[str]) -> str:
    return Counter(names).most_common(1)[0][0]
