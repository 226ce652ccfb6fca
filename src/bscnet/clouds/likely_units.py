"""Is a length unit believable? Guesses from how large scans are and how dense their points lie."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from bscnet.clouds.units import UNITS

Extent = tuple[float, float, float]

ROOM_HEIGHT = 2.7
"""Metres; what a guess comes closest to."""

_CANDIDATES = ("m", "cm", "mm", "ft")
_LONGEST, _SHORTEST, _SPARSEST = 5000.0, 0.3, 3.0
_SITE = 100.0
"""Metres of length from which on a scan is no room but a site, which is flat."""


def believable(extent: Extent, spacing: float) -> bool:
    """Whether a scan of this size (metres) with points this far apart may be in metres.

    Rooms and sites are 0.3 m to 5 km long, their points at most 3 m apart; what is longer than 100 m is not a third
    as high as it is long, and no room of up to 40 m is 7 to 12 m high, as rooms in feet are.
    """
    length, height = max(extent[:2]), extent[2]
    longest = max(length, height)
    if not (_SHORTEST <= longest <= _LONGEST and spacing <= _SPARSEST):
        return False
    if longest > _SITE and height > 0.3 * length:
        return False
    return not (6 <= length <= 40 and 7 <= height <= 12)


def like_degrees(extent: Extent) -> bool:
    """Whether x and y may be longitude and latitude: a degree is 111 km, so that all is far higher than it is wide."""
    return extent[2] > 1 and max(extent[:2]) < 0.02 * extent[2]


def better_unit(extent: Extent, spacing: float, declared: str) -> str | None:
    """The unit in which the scan would look like a room, where in the declared one it is not believable.

    extent, spacing: in metres by the declared unit. None: it is believable, or no unit makes a room of it.
    """
    if believable(extent, spacing):
        return None
    best, distance = None, math.log(2.0)
    for unit in _CANDIDATES:
        factor = UNITS[unit] / UNITS[declared]
        scaled = (extent[0] * factor, extent[1] * factor, extent[2] * factor)
        far = abs(math.log(max(scaled[2], 1e-12) / ROOM_HEIGHT))
        if factor != 1 and far < distance and 1 <= max(scaled[:2]) <= 60 and believable(scaled, spacing * factor):
            best, distance = unit, far
    return best


def mixed_units(sizes: Mapping[str, tuple[float, float]]) -> list[tuple[Sequence[str], float]]:
    """Groups of scenes that look like the others in another unit: (their names, how many times as large they are).

    sizes: height and point spacing of each scene, metres. Both have to differ by about the same known factor from the
    smallest common ones: 3.28 (feet), 100 (centimetres) or 1000 (millimetres).
    """
    if len(sizes) < 2:
        return []
    names = list(sizes)
    logs = np.log(np.maximum(np.array([sizes[name] for name in names], dtype=np.float64), 1e-9))
    groups: list[tuple[Sequence[str], float]] = []
    # the unit of most scenes is the right one; of two that differ, the one with the smaller numbers
    middle = np.sort(logs, axis=0)[(len(names) - 1) // 2]
    for factor, tolerance in ((1 / 0.3048, 1.25), (100.0, 2.5), (1000.0, 2.5)):
        for sign in (1, -1):
            off = np.abs(logs - middle - sign * math.log(factor)).max(axis=1)
            odd = [name for name, distance in zip(names, off, strict=True) if distance < math.log(tolerance)]
            if odd:
                groups.append((odd, factor**sign))
    return groups
