"""What files call their columns: the one table of spellings of places, colours and labels."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bscnet.errors import InputError

if TYPE_CHECKING:
    from bscnet.clouds.fields import Field

AXES = ("x", "y", "z")
COLORS = ("red", "green", "blue")

LABELS = ("label", "labels", "class", "classification", "class_id", "semantic", "gt")
"""Columns that hold labels where none is described, best first; upper case and a `scalar_` before it make no matter."""

CONFIDENCE = "confidence"
"""Column beside the labels that a prediction has, 0 to 1."""

_COLORS = (COLORS, ("r", "g", "b"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("rf", "gf", "bf"))
"""Three columns that hold colours, best first; the last are CloudCompare's, 0 to 1. Upper case makes no matter."""

WIDE = {
    **dict.fromkeys(("points", "xyz", "positions", "coords", "coord"), AXES),
    **dict.fromkeys(("colors", "colours", "rgb", "color", "colour"), COLORS),
}
"""Columns of three values a point that hold places or colours. Upper case makes no matter."""

_NUMBERS = "biuf"


@dataclass(frozen=True)
class Source:
    """Where a column comes from.

    Attributes:
        field: name of the file's field.
        item: of a field with several values a point: which of them.
        shift: of colours packed into 32 bits: how far the channel is shifted to the left.
    """

    field: str
    item: int | None = None
    shift: int | None = None


def find_column(columns: Collection[str], name: str) -> str | None:
    """The column of that name: as written, else whatever its case and without CloudCompare's `scalar_`."""
    if name in columns:
        return name
    plain = _plain(name)
    return next((column for column in columns if _plain(column) == plain), None)


def find_label(columns: Collection[str], label: str | None = None) -> str | None:
    """Which of the columns holds labels, if any does; label: its name where that is described."""
    names = LABELS if label is None else (label,)
    found = (find_column(columns, name) for name in names)
    return next((column for column in found if column is not None), None)


def sources(path: Path, fields: Sequence[Field], packed: Collection[str] = ()) -> dict[str, Source]:
    """The columns that the fields of a file are, by the package's names; x, y and z among them.

    Args:
        path: of the file, for the errors.
        fields: of the file.
        packed: names of fields that hold red, green and blue in 32 bits (0x__RRGGBB), best first.

    Raises:
        InputError: there is no x, y or z; two fields are called the same or hold the same; a field that is needed
            holds no numbers.
    """
    found: dict[str, Source] = {}
    single = {field.name.lower() for field in fields if not field.shape}
    for field in fields:
        for name, source in _of_field(path, field, single):
            if name in found:
                raise InputError(f"{path}: the column '{name}' is there twice")
            found[name] = source
    known = ", ".join(field.name for field in fields) or "none"
    for axis in AXES:
        _rename(found, axis, axis)
        if axis not in found:
            raise InputError(f"{path}: the points have no column '{axis}', the columns are {known}")
    _find_colors(found, packed)
    return found


def _of_field(path: Path, field: Field, single: Collection[str]) -> list[tuple[str, Source]]:
    wide = WIDE.get(field.name.lower())
    if wide is not None and all(name in single for name in wide):
        wide = None  # x, y, z or red, green, blue are there by themselves, and come first
    if field.dtype.kind not in _NUMBERS:
        if wide is not None or _plain(field.name) in (*AXES, *COLORS):
            raise InputError(f"{path}: column '{field.name}' is of type {field.dtype}, it must hold numbers")
        return []  # texts and objects beside the points are no values of theirs
    if not field.shape:
        return [(field.name, Source(field.name))]
    count = field.shape[0]
    if wide is not None and count in (3, 4 if wide == COLORS else 3):  # a fourth colour is the opacity
        return [(name, Source(field.name, item)) for item, name in enumerate([*wide, "alpha"][:count])]
    if wide == AXES:
        raise InputError(f"{path}: '{field.name}' has {field.shape} values a point, it must have 3")
    return [(f"{field.name}_{item}", Source(field.name, item)) for item in range(count)]


def _find_colors(found: dict[str, Source], packed: Collection[str]) -> None:
    """Give the colours the names red, green and blue, if there are any."""
    lower = {name.lower() for name in found}
    for names in _COLORS:
        if all(name in lower for name in names):
            for name, color in zip(names, COLORS, strict=True):
                _rename(found, name, color)
            return
    # a red without a green is a measured value like any other, but must not pass for colours
    for color in set(COLORS) & set(found):
        found[f"{color} alone"] = found.pop(color)
    packed_name = next((name for name in packed if name in found), None)
    if packed_name is not None:
        source = found.pop(packed_name)
        found.update(
            {color: Source(source.field, shift=shift) for color, shift in zip(COLORS, (16, 8, 0), strict=True)}
        )


def _rename(found: dict[str, Source], name: str, to: str) -> None:
    """Give the column that is called `name`, whatever its case, the name `to`; an exact match comes first."""
    if to in found and name == to:
        return
    match = next((column for column in found if column.lower() == name), None)
    if match is not None:
        found[to] = found.pop(match)


def _plain(name: str) -> str:
    return name.lower().removeprefix("scalar_")
