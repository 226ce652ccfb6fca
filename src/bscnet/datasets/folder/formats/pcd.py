"""PCD of the Point Cloud Library, versions .5 to .7: ascii, binary and binary_compressed.

Open3D reads such files too, but makes other points of damaged ones without a word, and pypcd4 refuses the older
versions; hence this reader. https://pointclouds.org/documentation/tutorials/pcd_file_format.html
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.datasets.folder.cloud import Cloud, Column, make_cloud, split_wide
from bscnet.errors import InputError

_TYPES = {
    "F4": "<f4", "F8": "<f8", "U1": "<u1", "U2": "<u2", "U4": "<u4", "U8": "<u8",
    "I1": "<i1", "I2": "<i2", "I4": "<i4", "I8": "<i8",
}  # fmt: skip
_KINDS = ("ascii", "binary", "binary_compressed")
_PADDING = "_"
_PACKED = ("rgb", "rgba")
_MAX_LINES, _MAX_LINE, _MAX_COUNT = 100, 10_000, 4096


@dataclass(frozen=True)
class Header:
    """fields: (name, NumPy type, how many in a point). points: how many points. kind: of the data after `offset`."""

    fields: tuple[tuple[str, str, int], ...]
    points: int
    kind: str
    offset: int

    @property
    def dtype(self) -> np.dtype[np.void]:
        """One point of a binary file; fields are named by their place, as padding fields share a name."""
        return np.dtype([(str(place), kind, (count,)) for place, (_, kind, count) in enumerate(self.fields)])


def read(path: Path) -> Cloud:
    """All fields but padding; a packed rgb or rgba becomes red, green and blue.

    InputError, or whatever NumPy and the LZF codec raise on damaged bytes.
    """
    header = read_header(path)
    if header.points == 0:
        raise InputError(f"{path}: the file has no points, but at least one is needed")
    data = path.read_bytes()[header.offset :]
    parts = {"ascii": _ascii, "binary": _binary, "binary_compressed": _compressed}[header.kind](path, header, data)
    columns: dict[str, Column] = {}
    for (name, _, count), part in zip(header.fields, parts, strict=True):
        if name == _PADDING:
            continue
        column = part[:, 0] if count == 1 else part
        if name in columns:
            raise InputError(f"{path}: the field '{name}' is there twice")
        columns[name] = column.astype(column.dtype.newbyteorder("="))
    return make_cloud(path, _unpacked(path, split_wide(columns, header.points), header.kind == "ascii"))


def read_header(path: Path) -> Header:
    """Parse the header; InputError: a line that is missing, damaged, or at odds with another."""
    lines: dict[str, list[str]] = {}
    with path.open("rb") as stream:
        while "DATA" not in lines:
            raw = stream.readline(_MAX_LINE)
            words = raw.decode("ascii", "replace").split()
            if not raw.endswith(b"\n") or len(lines) > _MAX_LINES:
                raise InputError(f"{path}: no PCD file, or its header is damaged or truncated (it has no line DATA)")
            if words and not words[0].startswith("#"):
                lines[words[0]] = words[1:]
        offset = stream.tell()
    lines.setdefault("FIELDS", lines.get("COLUMNS", []))  # as version .5 calls them
    names = lines["FIELDS"]
    lines.setdefault("COUNT", ["1"] * len(names))
    kinds = [kind + size for kind, size in zip(lines.get("TYPE", []), lines.get("SIZE", []), strict=False)]
    counts = [_number(path, "COUNT", word) for word in lines["COUNT"]]
    if not names or not len(names) == len(kinds) == len(counts) == len(lines["TYPE"]) == len(lines["SIZE"]):
        raise InputError(f"{path}: damaged PCD header, FIELDS, SIZE, TYPE and COUNT must have one entry a field")
    if any(kind not in _TYPES for kind in kinds) or not all(0 < count <= _MAX_COUNT for count in counts):
        raise InputError(f"{path}: damaged PCD header, it has fields of a type, size or count that PCD does not know")
    width, height = (_number(path, key, *lines.get(key, [])) for key in ("WIDTH", "HEIGHT"))
    points = _number(path, "POINTS", *lines["POINTS"]) if "POINTS" in lines else width * height
    if points != width * height:
        raise InputError(f"{path}: damaged PCD header, POINTS {points} are not WIDTH {width} times HEIGHT {height}")
    if len(lines["DATA"]) != 1 or lines["DATA"][0] not in _KINDS:
        raise InputError(f"{path}: DATA {' '.join(lines['DATA'])[:40]!r} is not known, it must be one of {_KINDS}")
    fields = tuple((name, _TYPES[kind], count) for name, kind, count in zip(names, kinds, counts, strict=True))
    return Header(fields, points, lines["DATA"][0], offset)


def _ascii(path: Path, header: Header, data: bytes) -> list[Column]:
    """Numbers as text; integers stay exact, since a 64-bit one need not fit a double."""
    width = sum(count for _, _, count in header.fields)
    if header.points * (2 * width - 1) > len(data):
        raise _truncated(path, header)
    kinds = [
        (f"{place}", "<f8" if name in _PACKED and kind == "<f4" else kind, (count,))
        for place, (name, kind, count) in enumerate(header.fields)
    ]
    table = np.loadtxt(io.StringIO(data.decode("ascii")), np.dtype(kinds), comments=None, ndmin=1)
    if len(table) != header.points:
        raise InputError(f"{path}: the header tells of {header.points} points, but {len(table)} follow")
    return [table[str(place)] for place in range(len(header.fields))]


def _binary(path: Path, header: Header, data: bytes) -> list[Column]:
    if len(data) < header.points * header.dtype.itemsize:
        raise _truncated(path, header)
    table = np.frombuffer(data, header.dtype, header.points)
    return [table[name] for name in table.dtype.names or ()]


def _compressed(path: Path, header: Header, data: bytes) -> list[Column]:
    """Field after field, as one LZF block behind its two sizes."""
    from imagecodecs import lzf_decode

    full = header.points * header.dtype.itemsize
    if len(data) < 8:
        raise _truncated(path, header)
    packed, unpacked = struct.unpack_from("<II", data)
    if unpacked != full:
        raise InputError(f"{path}: damaged, its data unpack to {unpacked} bytes, but the header tells of {full}")
    if len(data) < 8 + packed:
        raise _truncated(path, header)
    raw = lzf_decode(data[8 : 8 + packed], header=False, out=full)
    if len(raw) != full:
        raise InputError(f"{path}: damaged, its data unpack to {len(raw)} bytes, but the header tells of {full}")
    parts, offset = [], 0
    for _, kind, count in header.fields:
        part = np.frombuffer(raw, kind, header.points * count, offset)
        parts.append(part.reshape(header.points, count))
        offset += part.nbytes
    return parts


def _unpacked(path: Path, columns: dict[str, Column], text: bool) -> dict[str, Column]:
    """The columns with red, green and blue in place of a packed rgb or rgba; of text, NaN gives NaN."""
    name = next((name for name in _PACKED if name in columns), None)
    if name is None:
        return columns
    packed = columns.pop(name)
    lost = np.isnan(packed) if text and packed.dtype.kind == "f" else np.zeros(len(packed), bool)
    if text and packed.dtype.kind == "f":
        packed = _bits_of_text(np.where(lost, 0, packed))
    if packed.dtype.itemsize != 4:
        raise InputError(f"{path}: the field '{name}' has {packed.dtype.itemsize} bytes, packed colours have 4")
    bits = np.ascontiguousarray(packed).view(np.uint32)
    shades = {
        color: ((bits >> shift) & 255).astype(np.uint8)
        for color, shift in zip(("red", "green", "blue"), (16, 8, 0), strict=True)
    }
    if lost.any():
        shades = {color: np.where(lost, np.nan, shade) for color, shade in shades.items()}
    return {**columns, **shades}


def _bits_of_text(column: npt.NDArray[np.floating]) -> Column:
    """Packed colours of TYPE F that were written as text: as integers, or as the float whose four bytes they are."""
    whole = np.isfinite(column) & (column == np.floor(column)) & (column >= 0) & (column < 2**32)
    if whole.all():
        return column.astype(np.uint32)
    with np.errstate(over="ignore"):
        return column.astype(np.float32)


def _number(path: Path, key: str, *words: str) -> int:
    if len(words) != 1 or not (words[0].isascii() and words[0].isdecimal() and len(words[0]) < 16):
        raise InputError(f"{path}: damaged PCD header, {key} must be followed by a whole number")
    return int(words[0])


def _truncated(path: Path, header: Header) -> InputError:
    return InputError(f"{path}: the file is truncated, it ends before the last of its {header.points} points")
