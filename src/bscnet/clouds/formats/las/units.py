"""The units of a LAS file by every way in which it can state them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bscnet.clouds.formats.las.crs import units_of_wkt
from bscnet.clouds.formats.las.header import Header
from bscnet.clouds.formats.las.keys import DIRECTORY, DOUBLES, read_keys, units_of_keys
from bscnet.clouds.formats.las.lengths import NOTHING, Stated
from bscnet.clouds.formats.las.records import PROJECTION, Record, find

WKT, WKT_USERS = 2112, (PROJECTION, "liblas")
"""Record id of coordinate systems in WKT, and the user ids that it goes with."""


def stated_units(path: Path, header: Header, records: Sequence[Record]) -> Stated:
    """The units of x and y and of z.

    Where a file has both, WKT and GeoTIFF keys, its header says which of them counts; the other one is taken where
    that one tells of no unit.

    Args:
        path: of the file.
        header: of the file.
        records: of the file, those behind the points too.

    Raises:
        InputError: a unit that is not known.
    """
    height = None
    for way in [_of_wkt, _of_keys] if header.wkt else [_of_keys, _of_wkt]:
        stated = way(path, records)
        height = height or stated.height
        if stated.level is not None:
            return stated
    return Stated(None, height)


def _of_wkt(path: Path, records: Sequence[Record]) -> Stated:
    texts = [one for one in records if one.id == WKT and one.user in WKT_USERS]
    stated = (units_of_wkt(path, _text(one.data(path))) for one in texts)
    return next((one for one in stated if one != NOTHING), NOTHING)


def _of_keys(path: Path, records: Sequence[Record]) -> Stated:
    directory, doubles = (find(records, PROJECTION, kind) for kind in (DIRECTORY, DOUBLES))
    if directory is None:
        return NOTHING
    return units_of_keys(path, read_keys(directory.data(path), b"" if doubles is None else doubles.data(path)))


def _text(data: bytes) -> str:
    return data.split(b"\0")[0].decode(errors="replace")
