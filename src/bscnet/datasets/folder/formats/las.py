"""LAS and LAZ by laspy and lazrs."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bscnet.datasets.folder.cloud import Cloud, Column, make_cloud, split_wide
from bscnet.datasets.folder.formats.laz import check_chunk_table, check_layers
from bscnet.errors import InputError

if TYPE_CHECKING:
    import laspy

_CHUNK = 1_000_000
_SMALLEST_HEADER = 227
_VLR_HEADER = 54
_COMPRESSED = 0b1100_0000
_LINEAR_UNITS_KEY = 3076
_WKT_UNIT = re.compile(r'unit\["[^"]*(metre|meter|foot|feet)[^"]*"')
_EPSG_UNITS = {9001: "m", 9002: "ft", 9003: "us-ft"}
_RAW_AXES = ("X", "Y", "Z")


def read(path: Path) -> Cloud:
    """All dimensions; x, y and z with scale and offset applied in float64, the rest as stored.

    Points are decoded a part at a time, so that a damaged count asks for no more memory than the file has points.
    InputError, or whatever laspy and lazrs raise on damaged bytes.
    """
    parts: list[dict[str, Column]] = []
    with checked(path) as reader:
        header = reader.header
        names = [name for name in header.point_format.dimension_names if name not in _RAW_AXES]
        for points in reader.chunk_iterator(_CHUNK):
            part = {axis: np.array(getattr(points, axis)) for axis in "xyz"}
            parts.append(part | {name: np.array(points[name]) for name in names})
        count, units = header.point_count, stated_units(header)
    if not parts:
        raise InputError(f"{path}: the file has no points, but at least one is needed")
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if len(columns["x"]) != count:
        raise InputError(f"{path}: the file is truncated, it holds {len(columns['x'])} of its {count} points")
    return make_cloud(path, split_wide(columns, count), units)


@contextmanager
def checked(path: Path) -> Iterator[laspy.LasReader]:
    """A reader of the file, once its header and its compressed layers are seen to fit it; errors as `read`."""
    import laspy

    to_points = check_header(path)
    with laspy.open(str(path), read_evlrs=False, laz_backend=laspy.LazBackend.Lazrs) as reader:
        if reader.header.are_points_compressed:
            check_layers(path, reader.header, to_points)
        yield reader


def check_header(path: Path) -> int:
    """The byte at which the points begin; InputError if what the public header block tells does not fit the file.

    laspy believes them, and would read as many records as are told, be there bytes or not.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        block = stream.read(375)
    if block[:4] != b"LASF":
        raise InputError(f"{path}: no LAS file, its first bytes must be 'LASF'")
    if len(block) < _SMALLEST_HEADER:
        raise InputError(f"{path}: the file is truncated within its header")
    minor = block[25]
    header_size, to_points, num_vlrs = struct.unpack_from("<HII", block, 94)
    kind, point_size, count = struct.unpack_from("<BHI", block, 104)
    if minor >= 4 and len(block) == 375:
        old, count = count, struct.unpack_from("<Q", block, 247)[0]
        if old not in (0, count):
            raise InputError(f"{path}: damaged, its header tells of {old} and of {count} points")
    if not _SMALLEST_HEADER <= header_size <= to_points <= size:
        raise InputError(f"{path}: damaged or truncated, its points begin at byte {to_points} of {size}")
    if num_vlrs * _VLR_HEADER > to_points - header_size:
        raise InputError(f"{path}: damaged, {num_vlrs} variable length records do not fit before its points")
    if point_size == 0:
        raise InputError(f"{path}: damaged, its point records have no bytes")
    if kind & _COMPRESSED:
        check_chunk_table(path, to_points, point_size, count)
    elif count * point_size > size - to_points:
        raise InputError(f"{path}: the file is truncated, it ends before the last of its {count} points")
    return int(to_points)


def stated_units(header: Any) -> str | None:
    """The horizontal unit that the coordinate system tells of, in GeoTIFF keys or in WKT 1; "degree" for angles."""
    for vlr in header.vlrs:
        for key in getattr(vlr, "geo_keys", ()):
            if key.id == _LINEAR_UNITS_KEY:
                return _EPSG_UNITS.get(key.value_offset)
    for vlr in header.vlrs:
        text = str(getattr(vlr, "string", "")).lower()
        if "projcs" in text:
            # the first unit of length in a projected system is its own, those of heights come behind it
            named = _WKT_UNIT.search(text, text.index("projcs"))
            if named:
                return "m" if named[1].startswith("met") else "us-ft" if "us" in named[0] else "ft"
        elif "geogcs" in text:
            return "degree"
    return None
