"""Units out of the words of WKT, where the whole cannot be understood: no pyproj, or a damaged text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bscnet.clouds.formats.las.lengths import NOTHING, Stated, unit_of_size
from bscnet.clouds.units import ANGLE

UNIT = re.compile(r'(?:length|lin|\b)unit\s*\[\s*"([^"]*)"\s*,\s*([-+.0-9e]+)')
"""A unit's name and size in a text of lower case."""

ANGULAR = re.compile(r"deg|grad|gon|rad|minute|second|mil_")
"""What is in the names of units of angles."""

_PLANE_1 = re.compile(r"\b(?:projcs|local_cs|geoccs)\s*\[")
_HEIGHT_1 = re.compile(r"\bvert_?cs\s*\[")
_PLANE_2 = re.compile(r"\bcs\s*\[\s*cartesian")
_HEIGHT_2 = re.compile(r"\bcs\s*\[\s*vertical")
_ANGLE_2 = re.compile(r"\bcs\s*\[\s*ellipsoidal")
_ANGLE_1 = re.compile(r"\bgeogcs\s*\[")
SYSTEMS = ((_PLANE_2, _HEIGHT_2, _ANGLE_2), (_PLANE_1, _HEIGHT_1, _ANGLE_1))
"""What begins a plane, a height and angles, in WKT 2 and in WKT 1."""


def units_of_words(path: Path, text: str) -> Stated:
    """The units of a coordinate system in WKT 1 or 2.

    In WKT 1 the first unit of length in a projected system is its own, and so it is behind the words that begin the
    axes of a system in WKT 2.

    Args:
        path: of the file, for the error.
        text: WKT, or whatever stands in its place.

    Raises:
        InputError: a unit of length that is not known.
    """
    text = text.lower()
    for plane, height, angle in SYSTEMS:
        level, above, turned = (pattern.search(text) for pattern in (plane, height, angle))
        up = None if above is None else _first(path, text[above.start() :])
        if level is not None:
            end = above.start() if above is not None and above.start() > level.start() else len(text)
            return Stated(_first(path, text[level.start() : end]), up)
        if turned is not None:
            return Stated(ANGLE, up or _first(path, text[turned.start() :]))
        if up is not None:
            return Stated(None, up)
    return NOTHING


def _first(path: Path, text: str) -> str | None:
    return next((unit_of_size(path, metres, name) for name, metres in _lengths(text)), None)


def _lengths(text: str) -> Iterator[tuple[str, float]]:
    for name, size in UNIT.findall(text):
        if ANGULAR.search(name):
            continue
        try:
            yield name, float(size)
        except ValueError:
            continue
