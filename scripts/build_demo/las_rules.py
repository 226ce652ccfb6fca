"""Tables of LAS: what a point's bytes are, and the units of coordinate systems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import laspy
from laspy.point.dims import COMPOSED_FIELDS
from pyproj.database import query_crs_info
from pyproj.enums import PJType

from bscnet.clouds.formats.las.crs import units_of_epsg
from bscnet.clouds.formats.las.header import PLACES, SIZES
from bscnet.clouds.formats.las.keys import DIRECTORY, DOUBLES, KEY_IDS, MODEL_GEOGRAPHIC
from bscnet.clouds.formats.las.lengths import CODES, LENGTH_CODES, SAME
from bscnet.clouds.formats.las.records import PROJECTION
from bscnet.clouds.formats.las.units import WKT, WKT_USERS
from bscnet.clouds.formats.las.wkt_words import ANGULAR, SYSTEMS, UNIT
from bscnet.errors import InputError

_FORMATS = range(11)


def las_rules() -> dict[str, Any]:
    """Values of JSON."""
    return {
        "sizes": SIZES,
        "places": {name: place for name, (_, place) in PLACES.items()},
        "formats": {number: point_fields(number) for number in _FORMATS},
        "projection": PROJECTION,
        "wkt": WKT,
        "wktUsers": WKT_USERS,
        "wktWords": [[pattern.pattern for pattern in patterns] for patterns in SYSTEMS],
        "wktUnit": UNIT.pattern,
        "angular": ANGULAR.pattern,
        "same": SAME,
        "keys": {
            "ids": {"directory": DIRECTORY, "doubles": DOUBLES, "geographicModel": MODEL_GEOGRAPHIC, **KEY_IDS},
            "codes": CODES,
            "lengths": [[codes.start, codes.stop] for codes in LENGTH_CODES],
            "epsg": units_of_systems(),
        },
    }


def point_fields(number: int) -> dict[str, Any]:
    """Bytes of a point of a format, and its dimensions with their kinds and places, by laspy's names."""
    dtype = laspy.PointFormat(number).dtype()
    fields = []
    for name, (kind, place, *_) in (dtype.fields or {}).items():
        whole = {"kind": kind.str[1:], "place": place}
        parts = COMPOSED_FIELDS[number].get(name)
        if parts is None:
            fields.append({"name": name, **whole})
            continue
        for part in parts:
            shift = (part.mask & -part.mask).bit_length() - 1
            fields.append({"name": part.name, **whole, "mask": part.mask, "shift": shift})
    return {"size": dtype.itemsize, "fields": fields}


def units_of_systems() -> dict[str, list[tuple[int, int]]]:
    """EPSG codes (first, last) of the systems of each unit of x and y; "" where it is none that is known here."""
    kinds = [PJType.PROJECTED_CRS, PJType.COMPOUND_CRS]
    listed = query_crs_info(auth_name="EPSG", pj_types=kinds, allow_deprecated=True)
    found: dict[str, list[tuple[int, int]]] = {}
    last = None
    for code in sorted(int(system.code) for system in listed):
        unit = _unit(code)
        if unit is not None and unit == last:
            found[unit][-1] = (found[unit][-1][0], code)
        elif unit is not None:
            found.setdefault(unit, []).append((code, code))
        last = unit
    return found


def _unit(code: int) -> str | None:
    try:
        return units_of_epsg(Path(f"EPSG:{code}"), code).level
    except InputError:
        return ""
