"""A LAS file from a cloud of another format."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from bscnet.clouds.columns import AXES, COLORS, find_column
from bscnet.clouds.fields import Rows
from bscnet.clouds.formats.las.classes import CLASSIFICATION, class_table, names_taken
from bscnet.clouds.formats.las.draft import LasDraft, described_as, extras_record, text_record
from bscnet.clouds.formats.las.extra import Extra, descriptor, storable, unique_name
from bscnet.clouds.formats.las.fitting import fitting
from bscnet.clouds.formats.las.grid import Grid
from bscnet.clouds.formats.las.header import SIZES, put
from bscnet.clouds.formats.las.layout import PointLayout
from bscnet.clouds.formats.las.records import CLASS_NAMES, SPEC, made
from bscnet.clouds.points import Survey
from bscnet.clouds.writer import LABEL, Columns, Target, flat_columns, flat_fields, moved_names
from bscnet.errors import InputError
from bscnet.version import __version__

_WKT = 0b1_0000
_RETURN, _RETURNS = "return_number", "number_of_returns"
_RAW = ("X", "Y", "Z")


class LasNew(LasDraft):
    """LAS 1.4 with points of format 6, or 7 where they have colours.

    Coordinates are rounded to steps of 0.0001 of the cloud's own unit, or as `Grid` has it. Colours fill 16 bits.
    Columns with the name of a standard dimension, as `find_column` has it, go there if it can hold them, all others are
    extra dimensions. Points that tell of no returns are the only return of their pulse.

    Args:
        path: of the file that is to be written.
        target: what is to be written.

    Raises:
        InputError: too many columns.
    """

    def __init__(self, path: Path, target: Target) -> None:
        self._path, self._target = path, target
        columns = {one.name: one.dtype for one in flat_fields(target.source)}
        self._colored = target.recolored or COLORS[0] in columns
        added = {one.name: one.dtype for one in target.added if one.name != LABEL}
        taken_names = names_taken(list(columns), list(added))
        others = [name for name in columns if name not in {*moved_names(columns, taken_names), *AXES, *COLORS}]
        form = 7 if self._colored else 6
        standard = PointLayout(form)
        self._kinds = {one.name: one.dtype for one in standard.fields}
        known = (name for name in standard.names if name not in (CLASSIFICATION, *AXES, *COLORS))
        meant = {name: column for name in known if (column := find_column(others, name)) is not None}
        self._standard = fitting(target.source, standard, meant)
        # a reader would find the dimension in the place of a column of its name
        unfit = {column: name for name, column in meant.items() if name not in self._standard}
        beside = {name: columns[name] for name in columns if name not in (*self._standard.values(), *AXES, *COLORS)}
        moved = moved_names(beside, [*taken_names, *unfit, *standard.names])
        taken = {*standard.names, *(standard.dtype.names or ())}
        places, extras = [], []
        for name, dtype in [*((moved.get(name, name), beside[name]) for name in beside), *added.items()]:
            places.append(unique_name(name, taken))
            taken.add(places[-1])
            extras.append(Extra(places[-1], storable(dtype)))
        self._beside = dict(zip(beside, places, strict=False))
        self._added = dict(zip(added, places[len(beside) :], strict=True))
        self._alone = not {_RETURN, _RETURNS} & set(self._standard)
        self.notes = [
            f"the column '{column}' of the scan does not fit LAS's own '{name}' and is kept as "
            f"'{self._beside[column]}'; the standard dimension is {int(self._alone and name in (_RETURN, _RETURNS))}"
            for column, name in unfit.items()
        ]
        self.layout = PointLayout(form, extras)
        self._returns = np.zeros(16, np.int64)
        self.records = self._records(extras)
        self.block = bytearray(SIZES[4])

    def begin(self, survey: Survey, metres: tuple[float, float, float]) -> None:
        """Choose the steps of the coordinates.

        Raises:
            InputError: points without a place, or too far from each other.
        """
        if survey.dropped:
            raise InputError(
                f"{self._path}: {survey.dropped} points of {self._target.source.path} have coordinates that are not "
                "finite, which LAS cannot hold: another format does, .ply for example"
            )
        self._colors = survey.colors
        with np.errstate(over="ignore"):
            self._grid = Grid(self._path, survey.low / metres, survey.high / metres)
        today = datetime.now(UTC).timetuple()
        self.block[:4] = b"LASF"
        for name, values in (
            ("encoding", [_WKT]),  # the one way to state a coordinate system that these formats have
            ("version", [1, 4]),
            ("system", [b"OTHER"]),
            ("software", [f"bscnet {__version__}".encode()]),
            ("created", [today.tm_yday, today.tm_year]),
            ("header_size", [len(self.block)]),
            ("scales", self._grid.scales),
            ("offsets", self._grid.offsets),
            ("count", [self._target.source.count]),
        ):
            put(self.block, name, *values)

    def points(self, rows: Rows, added: Columns) -> npt.NDArray[Any]:
        """The points with labels and the added values."""
        columns = flat_columns(self._target.source, rows)
        points = np.zeros(len(rows), self.layout.dtype)
        for index, (axis, raw) in enumerate(zip(AXES, _RAW, strict=True)):
            points[raw] = self._grid.steps(index, columns[axis])
        for name, column in self._standard.items():
            self.layout.put(points, name, columns[column].astype(self._kinds[name]))
        if self._alone:
            for name in (_RETURN, _RETURNS):
                self.layout.put(points, name, np.ones(len(rows), np.uint8))
        for name, place in self._beside.items():
            points[place] = columns[name]
        for name, place in self._added.items():
            points[place] = added[name]
        if self._colored:
            for color in COLORS:
                self.layout.put(points, color, self._color(columns, added, color))
        self.layout.put(points, CLASSIFICATION, added[LABEL].astype(np.uint8))
        self._returns += np.bincount(self.layout.values(points, _RETURN), minlength=16)
        return points

    def finish(self, stream: BinaryIO) -> None:
        """Complete the header: the extent, and how many points each return has."""
        put(self.block, "bounds", *self._grid.bounds)
        put(self.block, "returns", *self._returns[1:].tolist())

    def _records(self, extras: list[Extra]) -> list[bytes]:
        found = text_record([*self._target.source.comments, *self._target.comments])
        if self._target.class_names:
            found.append(made(SPEC, CLASS_NAMES, class_table(b"", self._target.class_names), "Classification Lookup"))
        if extras:
            data = b"".join(descriptor(one, described_as(one.name)) for one in extras)
            found.append(extras_record(self._path, self.layout, data))
        return found

    def _color(self, columns: Columns, added: Columns, color: str) -> npt.NDArray[np.uint16]:
        """A channel in 16 bits."""
        if self._target.recolored:
            return added[color].astype(np.uint16) * np.uint16(257)
        times = {"1": 65535, "255": 257, "65535": 1}[self._colors]
        whole = columns[color] * np.float64(times)
        return np.rint(whole).astype(np.uint16)
