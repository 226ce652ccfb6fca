"""The public header block of a LAS file: its fields by their places, and whether they fit the file."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bscnet.errors import InputError

SIZES = (227, 227, 227, 235, 375, 393)
"""Bytes of the block in LAS 1.0, 1.1 and so on."""

VLR_HEADER = 54
"""Bytes before the data of a variable length record."""

PLACES = {
    "encoding": ("<H", 6),
    "version": ("<2B", 24),
    "system": ("32s", 26),
    "software": ("32s", 58),
    "created": ("<2H", 90),
    "header_size": ("<H", 94),
    "to_points": ("<I", 96),
    "num_vlrs": ("<I", 100),
    "kind": ("<B", 104),
    "point_size": ("<H", 105),
    "legacy_count": ("<I", 107),
    "legacy_returns": ("<5I", 111),
    "scales": ("<3d", 131),
    "offsets": ("<3d", 155),
    "bounds": ("<6d", 179),
    "waveform": ("<Q", 227),
    "evlr_start": ("<Q", 235),
    "num_evlrs": ("<I", 243),
    "count": ("<Q", 247),
    "returns": ("<15Q", 255),
}
"""What the fields are made of, and where they begin."""

_UNPACKED, _LAZ = 0b1100_0000, 0b1000_0000


def field(block: bytes | bytearray, name: str) -> Any:
    """A field of a public header block; a tuple where it holds several values."""
    kind, place = PLACES[name]
    values = struct.unpack_from(kind, block, place)
    return values if len(values) > 1 else values[0]


def put(block: bytearray, name: str, *values: Any) -> None:
    """Set a field of a public header block."""
    kind, place = PLACES[name]
    struct.pack_into(kind, block, place, *values)


@dataclass(frozen=True)
class Header:
    """What the public header block says.

    Attributes:
        block: as the file has it, with what a program added at its end.
        minor: version, LAS 1.minor.
        to_points: the byte at which the points begin.
        num_vlrs: variable length records before the points.
        point_format: 0 to 10.
        compressed: whether the points are LASzip's.
        point_size: bytes of a point, not compressed.
        count: points.
        scales, offsets: x = X * scale + offset, and so on.
        wkt: whether the coordinate system is told in WKT, not in GeoTIFF keys.
        evlr_start, num_evlrs: where extended records begin behind the points, and how many; 0 where there are none.
        waveform: where the packets of the waveforms begin, 0 where they are not in the file.
    """

    block: bytes
    minor: int
    to_points: int
    num_vlrs: int
    point_format: int
    compressed: bool
    point_size: int
    count: int
    scales: tuple[float, float, float]
    offsets: tuple[float, float, float]
    wkt: bool
    evlr_start: int
    num_evlrs: int
    waveform: int

    @property
    def end(self) -> int:
        """The byte behind the last point, where the points are not compressed."""
        return self.to_points + self.count * self.point_size


def read_header(path: Path) -> Header:
    """The header of a file.

    Raises:
        InputError: it is none of LAS 1.0 to 1.5, or does not fit the file.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        block = stream.read(SIZES[-1])
        if block[:4] != b"LASF":
            raise InputError(f"{path}: no LAS file, its first bytes must be 'LASF'")
        if len(block) < SIZES[0]:
            raise InputError(f"{path}: the file is truncated within its header")
        (major, minor), header_size, kind = (field(block, name) for name in ("version", "header_size", "kind"))
        if major != 1 or minor >= len(SIZES):
            raise InputError(f"{path}: LAS of version {major}.{minor} is not known, 1.0 to 1.{len(SIZES) - 1} are")
        to_points, num_vlrs, point_size = (field(block, name) for name in ("to_points", "num_vlrs", "point_size"))
        if not SIZES[minor] <= header_size <= to_points <= size:
            raise InputError(f"{path}: damaged or truncated, its points begin at byte {to_points} of {size}")
        if num_vlrs * VLR_HEADER > to_points - header_size:
            raise InputError(f"{path}: damaged, {num_vlrs} variable length records do not fit before its points")
        stream.seek(0)
        block = stream.read(header_size)
    if kind & ~_UNPACKED > 10 or kind & _UNPACKED not in (0, _LAZ):
        raise InputError(f"{path}: points of format {kind} are not known, 0 to 10 are, and 128 to 138 compressed")
    newest = minor >= 4
    return Header(
        block=block,
        minor=minor,
        to_points=to_points,
        num_vlrs=num_vlrs,
        point_format=kind & ~_UNPACKED,
        compressed=bool(kind & _LAZ),
        point_size=point_size,
        count=_count(block, minor),
        scales=field(block, "scales"),
        offsets=field(block, "offsets"),
        wkt=newest and bool(field(block, "encoding") & 0b1_0000),
        evlr_start=field(block, "evlr_start") if newest else 0,
        num_evlrs=field(block, "num_evlrs") if newest else 0,
        waveform=field(block, "waveform") if minor >= 3 else 0,
    )


def _count(block: bytes, minor: int) -> int:
    """How many points the file has.

    LAS 1.4 wants its 64-bit count always filled, and the 32-bit one of older versions beside it 0 or the same. So the
    new one is the truth, whatever the old one says: there are files with 2^32 - 1 in it, and files of the formats 6 to
    10 that fill it although they must not. Only where the new one is 0 it was a writer that knows the old one alone.
    """
    legacy = int(field(block, "legacy_count"))
    return (int(field(block, "count")) or legacy) if minor >= 4 else legacy
