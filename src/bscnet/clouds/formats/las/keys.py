"""GeoTIFF keys of a LAS file: what they tell of the units of its coordinates."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

from bscnet.clouds.formats.las.crs import units_of_epsg
from bscnet.clouds.formats.las.lengths import NOTHING, Stated, unit_of_code, unit_of_size
from bscnet.clouds.units import ANGLE

DIRECTORY, DOUBLES = 34735, 34736
"""Ids of the records that hold the keys, and real numbers that keys point to."""

_MODEL, _GEOGRAPHIC, _GEO_UNIT, _GEO_UNIT_SIZE = 1024, 2048, 2052, 2053
_PROJECTED, _UNIT, _UNIT_SIZE = 3072, 3076, 3077
_VERTICAL, _HEIGHT_UNIT = 4096, 4099
_MODEL_PROJECTED, _MODEL_GEOGRAPHIC, _MODEL_GEOCENTRIC = 1, 2, 3
KEY_IDS = {
    "model": _MODEL, "geographic": _GEOGRAPHIC, "projected": _PROJECTED,
    "unit": _UNIT, "unitSize": _UNIT_SIZE, "heightUnit": _HEIGHT_UNIT,
}  # fmt: skip
"""Ids of the keys that tell of units, for readers in other languages."""

MODEL_GEOGRAPHIC = _MODEL_GEOGRAPHIC
"""Value of the key of the model where x and y are angles."""

_OWN = 32767
"""Value of a key whose meaning the file itself defines."""

_EPSG_CODES = range(1024, _OWN)
_MISPLACED = range(20_000, _OWN)
"""Codes of projected systems, none of units; Leica's laser scanners write them under the key of the unit."""

Keys = Mapping[int, float]


def read_keys(directory: bytes, doubles: bytes) -> dict[int, float]:
    """The numbers of keys by their ids; texts are left out.

    Args:
        directory: data of the record `DIRECTORY`.
        doubles: data of the record `DOUBLES`, empty where there is none.
    """
    if len(directory) < 8:
        return {}
    number = min(struct.unpack_from("<H", directory, 6)[0], len(directory) // 8 - 1)
    found: dict[int, float] = {}
    for entry in range(number):
        key, place, _, value = struct.unpack_from("<4H", directory, 8 + 8 * entry)
        if place == 0:
            found[key] = value
        elif place == DOUBLES and 8 * value + 8 <= len(doubles):
            found[key] = struct.unpack_from("<d", doubles, 8 * value)[0]
    return found


def units_of_keys(path: Path, keys: Keys) -> Stated:
    """The units that the keys tell of.

    An explicit unit comes before the one of a coordinate system that is told by its EPSG code, as the GeoTIFF library
    has it.

    Raises:
        InputError: a unit that is not known.
    """
    level, height = _level(path, keys)
    own = unit_of_code(path, keys.get(_HEIGHT_UNIT))
    if own is None:
        # the codes of GeoTIFF 1.0 for heights are those of other things in EPSG's list
        own = units_of_epsg(path, _code(keys, _VERTICAL)).height
    return Stated(level, own or height)


def _level(path: Path, keys: Keys) -> Stated:
    model, projected = keys.get(_MODEL), bool(keys.get(_PROJECTED))
    if model in (_MODEL_GEOGRAPHIC, _MODEL_GEOCENTRIC) and not projected:
        system = units_of_epsg(path, _code(keys, _GEOGRAPHIC))
        if model == _MODEL_GEOGRAPHIC:
            return Stated(ANGLE, system.height)
        own = unit_of_code(path, keys.get(_GEO_UNIT)) or unit_of_size(path, keys.get(_GEO_UNIT_SIZE))
        return system if own is None else Stated(own, None)
    own = unit_of_code(path, keys.get(_UNIT)) or unit_of_size(path, keys.get(_UNIT_SIZE))
    misplaced = not projected and keys.get(_UNIT) in _MISPLACED
    system = units_of_epsg(path, _code(keys, _PROJECTED if projected else _UNIT if misplaced else _GEOGRAPHIC))
    if own is not None:
        return Stated(own, system.height)
    if model is None or model == _MODEL_PROJECTED or projected:
        return system
    return NOTHING


def _code(keys: Keys, key: int) -> int | None:
    value = keys.get(key)
    return int(value) if value is not None and value in _EPSG_CODES else None
