"""Units of length that files state: by their size in metres and by EPSG's codes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

from bscnet.clouds.units import UNITS
from bscnet.errors import InputError


class Stated(NamedTuple):
    """Units that a file states.

    Attributes:
        level: of x and y, a word of `units.UNITS` or `units.ANGLE`; None where it states none.
        height: of z, likewise.
    """

    level: str | None
    height: str | None


NOTHING = Stated(None, None)

CODES = {9001: "m", 9002: "ft", 9003: "us-ft", 1033: "cm", 1025: "mm"}
"""Units of length by EPSG's codes."""

LENGTH_CODES = (range(1024, 1100), range(9001, 9100), range(9300, 9400))
"""Where EPSG's codes of units of length lie."""

SAME = 5e-7
"""Relative difference of units that are one: texts give seven digits at least, and the two feet differ by 2e-6."""


def unit_of_code(path: Path, code: float | None) -> str | None:
    """The unit of length that EPSG lists under a code; None where it is none of length.

    Args:
        path: of the file, for the error.
        code: of the unit.

    Raises:
        InputError: another unit of length than those of `units.UNITS`.
    """
    if code is None:
        return None
    if code not in CODES and any(code in codes for codes in LENGTH_CODES):
        raise _unknown(path, f"EPSG:{code:.0f}")
    return CODES.get(int(code))


def unit_of_size(path: Path, metres: float | None, name: str = "") -> str | None:
    """The unit of length of so many metres; None where that is no length.

    Args:
        path: of the file, for the error.
        metres: in the unit.
        name: of the unit in the file.

    Raises:
        InputError: another unit than those of `units.UNITS`.
    """
    if metres is None or not (math.isfinite(metres) and metres > 0):
        return None
    found = next((word for word, size in UNITS.items() if math.isclose(metres, size, rel_tol=SAME)), None)
    if found is None:
        raise _unknown(path, f"'{name}' of {metres:g} m" if name else f"of {metres:g} m")
    return found


def _unknown(path: Path, unit: str) -> InputError:
    return InputError(
        f"{path}: the coordinate system of the file has the unit {unit}, known are {', '.join(UNITS)}: project it to "
        "another one first, for example with `pdal translate IN OUT reprojection --filters.reprojection.out_srs=EPSG:…`"
    )
