"""Headers of PCD files, versions .5 to .7.

https://pointclouds.org/documentation/tutorials/pcd_file_format.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from bscnet.clouds.formats.text.encoding import decoded
from bscnet.errors import InputError

PADDING = "_"
"""Name of fields that hold nothing."""

TYPES = {
    "F4": "<f4", "F8": "<f8", "U1": "<u1", "U2": "<u2", "U4": "<u4", "U8": "<u8",
    "I1": "<i1", "I2": "<i2", "I4": "<i4", "I8": "<i8",
}  # fmt: skip
"""NumPy's name of each TYPE and SIZE."""

_KINDS = ("ascii", "binary", "binary_compressed")
_MAX_LINE, _MAX_LINES, _MAX_COUNT = 100_000, 10_000, 4096


@dataclass(frozen=True)
class PcdField:
    """A field as the header tells it.

    Attributes:
        name: maybe `PADDING`.
        dtype: of one value, as binary files store it.
        count: values a point.
    """

    name: str
    dtype: np.dtype[Any]
    count: int = 1


@dataclass(frozen=True)
class Header:
    """What a PCD file says of itself.

    Attributes:
        lines: of the header with their ends, the one with DATA the last.
        fields: in the order of the file.
        points: how many there are.
        kind: how they are stored: ascii, binary or binary_compressed.
    """

    lines: tuple[bytes, ...]
    fields: tuple[PcdField, ...]
    points: int
    kind: str

    @cached_property
    def offset(self) -> int:
        """Where the points begin."""
        return sum(map(len, self.lines))

    @cached_property
    def width(self) -> int:
        """Values of a point, those of padding fields among them."""
        return sum(one.count for one in self.fields)

    @cached_property
    def record(self) -> np.dtype[np.void]:
        """One point of a binary file; fields are named by their place, as padding fields share a name."""
        return np.dtype([(str(place), one.dtype, (one.count,)) for place, one in enumerate(self.fields)])

    @property
    def comments(self) -> tuple[str, ...]:
        """The comment lines, but for the one that every file has."""
        texts = (decoded(line.strip().lstrip(b"# ")) for line in self.lines if line.lstrip().startswith(b"#"))
        return tuple(text for text in texts if text and not text.startswith(".PCD v"))


def read_header(path: Path) -> Header:
    """Parse a file's header.

    Raises:
        InputError: a line is missing, damaged, or at odds with another.
    """
    with path.open("rb") as stream:
        lines = tuple(_lines(path, stream))
    words = {}
    for line in lines:
        key, *values = decoded(line).split() or [""]
        words[key] = values
    names = words.get("FIELDS", words.get("COLUMNS", []))  # as version .5 calls them
    counts = [_number(path, "COUNT", word) for word in words.get("COUNT", ["1"] * len(names))]
    types, sizes = words.get("TYPE", []), words.get("SIZE", [])
    if not names or not len(names) == len(types) == len(sizes) == len(counts):
        raise InputError(f"{path}: damaged PCD header, FIELDS, SIZE, TYPE and COUNT must have one entry a field")
    kinds = [kind + size for kind, size in zip(types, sizes, strict=True)]
    if any(kind not in TYPES for kind in kinds) or not all(0 < count <= _MAX_COUNT for count in counts):
        raise InputError(f"{path}: damaged PCD header, it has fields of a type, size or count that PCD does not know")
    seen = {PADDING}
    for name in names:
        if name in seen and name != PADDING:
            raise InputError(f"{path}: the field '{name[:40]}' is there twice")
        seen.add(name)
    width, height = (_number(path, key, *words.get(key, [])) for key in ("WIDTH", "HEIGHT"))
    points = _number(path, "POINTS", *words["POINTS"]) if "POINTS" in words else width * height
    if points != width * height:
        raise InputError(f"{path}: damaged PCD header, POINTS {points} are not WIDTH {width} times HEIGHT {height}")
    if len(words["DATA"]) != 1 or words["DATA"][0] not in _KINDS:
        raise InputError(f"{path}: DATA {' '.join(words['DATA'])[:40]!r} is not known, it must be one of {_KINDS}")
    fields = (
        PcdField(name, np.dtype(TYPES[kind]), count) for name, kind, count in zip(names, kinds, counts, strict=True)
    )
    return Header(lines, tuple(fields), points, words["DATA"][0])


def _lines(path: Path, stream: BinaryIO) -> Iterator[bytes]:
    """The header's lines, the one with DATA the last."""
    for _ in range(_MAX_LINES):
        line = stream.readline(_MAX_LINE)
        if not line.endswith(b"\n"):
            break
        yield line
        if line.split()[:1] == [b"DATA"]:
            return
    raise InputError(f"{path}: no PCD file, or its header is damaged or truncated (it has no line DATA)")


def _number(path: Path, key: str, *words: str) -> int:
    if len(words) != 1 or not (words[0].isascii() and words[0].isdecimal() and len(words[0]) < 16):
        raise InputError(f"{path}: damaged PCD header, {key} must be followed by a whole number")
    return int(words[0])
