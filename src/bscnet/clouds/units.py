"""Units of length: what a file states, what its data set says, and how many metres that is."""

from __future__ import annotations

from bscnet.clouds.file import CloudFile
from bscnet.errors import InputError

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "us-ft": 1200 / 3937}
"""Metres in each unit of length."""

ANGLE = "degree"
"""What a file states whose x and y are longitude and latitude."""


def unit_of(file: CloudFile, units: str | None) -> str:
    """The unit of x and y.

    What a file states is certain and comes first; `units` is of the files that state nothing, and where that is None
    too, metres are taken.

    Raises:
        InputError: x and y are angles.
    """
    if file.units == ANGLE:
        raise InputError(
            f"{file.path}: x and y are longitude and latitude in degrees, a unit of length is needed: project the file "
            "first, for example with `pdal translate IN OUT reprojection --filters.reprojection.out_srs=EPSG:…`"
        )
    return file.units or units or "m"


def metres_of(file: CloudFile, units: str | None) -> tuple[float, float, float]:
    """Metres in a unit of x, of y and of z; see `unit_of`."""
    level = UNITS[unit_of(file, units)]
    height = level if file.height_units is None else UNITS[file.height_units]
    return level, level, height


def unit_note(file: CloudFile, units: str | None) -> str | None:
    """That a file's unit is another than the data set's, or that none is known; None where there is nothing to say."""
    if file.units is not None and units is not None and file.units != units:
        return f"{file.path}: the file says that its unit is {file.units}, so it is not read in {units} as the others"
    if file.can_state_units and file.units is None and units is None:
        return f"{file.path}: the file does not state its unit of length, metres are taken"
    return None
