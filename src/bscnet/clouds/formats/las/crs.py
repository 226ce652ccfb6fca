"""Coordinate reference systems: the units of their axes, from WKT or an EPSG code, by pyproj where it is installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bscnet.clouds.formats.las.lengths import NOTHING, Stated, unit_of_size
from bscnet.clouds.formats.las.wkt_words import units_of_words
from bscnet.clouds.units import ANGLE

if TYPE_CHECKING:
    from pyproj import CRS

_LONGEST = 65_535
"""Characters of the longest text that is looked at; real ones have a few thousand."""

_NAMELESS = ("", "unknown", "unity")


def units_of_wkt(path: Path, text: str) -> Stated:
    """The units of a coordinate system in WKT 1 or 2; `NOTHING` of a text that cannot be understood.

    Where pyproj is missing or cannot make sense of the whole, the units are read from the words of the text.

    Args:
        path: of the file, for the error.
        text: WKT, or whatever stands in its place.

    Raises:
        InputError: a unit of length that is not known.
    """
    if not text.strip() or len(text) > _LONGEST:
        return NOTHING
    crs = _built(lambda kind: kind.from_wkt(text))
    return units_of_words(path, text) if crs is None else _units_of_axes(path, crs)


def units_of_epsg(path: Path, code: int | None) -> Stated:
    """The units of a coordinate system of EPSG's list; `NOTHING` of None, of unknown codes, and without pyproj.

    Args:
        path: of the file, for the error.
        code: of the system.

    Raises:
        InputError: a unit of length that is not known.
    """
    crs = None if code is None else _built(lambda kind: kind.from_epsg(code))
    return NOTHING if crs is None else _units_of_axes(path, crs)


def _built(make: Callable[[type[CRS]], CRS]) -> CRS | None:
    try:
        from pyproj import CRS

        return make(CRS)
    except Exception:  # it is not installed; PROJ and its binding fail in several ways on what is no coordinate system
        return None


def _units_of_axes(path: Path, crs: CRS) -> Stated:
    upright = [axis for axis in crs.axis_info if axis.direction.lower() in ("up", "down")]
    across = [axis for axis in crs.axis_info if axis not in upright]
    return Stated(ANGLE if crs.is_geographic else _length(path, across), _length(path, upright))


def _length(path: Path, axes: Sequence[Any]) -> str | None:
    if not axes or axes[0].unit_name.lower() in _NAMELESS:
        return None
    return unit_of_size(path, axes[0].unit_conversion_factor, axes[0].unit_name)
