"""A cloud as its file holds it: named columns, before classes, units and features are known."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError

Column = npt.NDArray[Any]

UNITS = {"m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "us-ft": 1200 / 3937}
"""Metres in each unit of length."""

AXES = ("x", "y", "z")
COLORS = ("red", "green", "blue")

_COLOR_NAMES = (COLORS, ("r", "g", "b"), ("diffuse_red", "diffuse_green", "diffuse_blue"))
_NUMBERS = "biuf"


@dataclass(frozen=True)
class Cloud:
    """Columns by name, each (P,) in file order, P >= 1, of numbers.

    x, y, z: float64, in the file's own unit. red, green, blue: all three or none, in the file's own range. All others
    under the file's names. units: "m", "ft", "us-ft" or "degree" where the file states it, else
    None.
    """

    columns: Mapping[str, Column]
    units: str | None = None

    def __len__(self) -> int:
        return len(self.columns["x"])

    @property
    def has_colors(self) -> bool:
        """Whether the points have colours."""
        return COLORS[0] in self.columns

    def only(self, rows: npt.NDArray[np.int64]) -> Cloud:
        """The points of these numbers, with all their columns."""
        return replace(self, columns={name: column[rows] for name, column in self.columns.items()})

    def find(self, name: str) -> str | None:
        """The column's name in the file; see `find_column`."""
        return find_column(self.columns, name)


def find_column(columns: Collection[str], name: str) -> str | None:
    """The column of that name: as written, else whatever its case and without CloudCompare's `scalar_`."""
    if name in columns:
        return name
    plain = _plain(name)
    return next((column for column in columns if _plain(column) == plain), None)


def make_cloud(path: Path, columns: Mapping[str, Column], units: str | None = None) -> Cloud:
    """A cloud of the columns that a parser found.

    InputError: no points, no x, y or z, columns of unequal length, a column that holds no numbers.
    """
    found = dict(columns)
    known = ", ".join(found) or "none"
    for axis in AXES:
        _rename(found, axis, axis)
        if axis not in found:
            raise InputError(f"{path}: the points have no column '{axis}', the columns are {known}")
    for names in _COLOR_NAMES:
        lower = {column.lower() for column in found}
        if all(name in lower for name in names):
            for name, color in zip(names, COLORS, strict=True):
                _rename(found, name, color)
            break
    else:  # a red without a green is a measured value like any other, but must not pass for colours
        for color in set(COLORS) & set(found):
            found[f"{color} alone"] = found.pop(color)
    count = len(found["x"])
    if count == 0:
        raise InputError(f"{path}: the file has no points, but at least one is needed")
    for name, column in found.items():
        if column.shape != (count,):
            raise InputError(f"{path}: column '{name}' has shape {column.shape}, it must be ({count},) as x is")
        if column.dtype.kind not in _NUMBERS:
            raise InputError(f"{path}: column '{name}' is of type {column.dtype}, it must hold numbers")
    for axis in AXES:
        found[axis] = found[axis].astype(np.float64)
    return Cloud(found, units)


def split_wide(columns: Mapping[str, Column], count: int) -> dict[str, Column]:
    """Columns with those of shape (count, K) taken apart into name_0 … name_{K-1}; other shapes are left out."""
    flat: dict[str, Column] = {}
    for name, column in columns.items():
        if column.shape == (count,):
            flat[name] = column
        elif column.ndim == 2 and len(column) == count:
            flat.update({f"{name}_{index}": column[:, index] for index in range(column.shape[1])})
    return flat


def _rename(columns: dict[str, Column], name: str, to: str) -> None:
    """Give the column that is called `name`, whatever its case, the name `to`; an exact match comes first."""
    if to in columns and name == to:
        return
    match = next((column for column in columns if column.lower() == name), None)
    if match is not None:
        columns[to] = columns.pop(match)


def _plain(name: str) -> str:
    return name.lower().removeprefix("scalar_")
