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

COLOR_NAMES = (COLORS, ("r", "g", "b"), ("diffuse_red", "diffuse_green", "diffuse_blue"), ("rf", "gf", "bf"))
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

    Places are three fields of one value a point, else the best field of three. Colours are red, green and blue, else
    the best field of three or four, else three fields of other names, else packed ones. All other fields are columns
    under their own names, those of several values with the number behind it; a name that is taken gets a number too.

    Args:
        path: of the file, for the errors.
        fields: of the file.
        packed: names of fields that hold red, green and blue in 32 bits (0xAARRGGBB), best first.

    Raises:
        InputError: there is no x, y or z, or a field of places or colours holds no numbers.
    """
    for field in fields:
        if field.dtype.kind not in _NUMBERS and (field.name.lower() in WIDE or _plain(field.name) in (*AXES, *COLORS)):
            raise InputError(f"{path}: column '{field.name}' is of type {field.dtype}, it must hold numbers")
    numbers = [field for field in fields if field.dtype.kind in _NUMBERS]
    found = _triple(numbers, AXES, AXES) or _wide(numbers, AXES)
    if not found:
        raise _placeless(path, fields)
    found |= (
        _triple(numbers, COLORS, COLORS)
        or _wide(numbers, COLORS)
        or next((one for names in COLOR_NAMES if (one := _triple(numbers, names, COLORS))), {})
        or _packed(numbers, packed)
    )
    used = {source.field for source in found.values()}
    for field in numbers:
        if field.name in used:
            continue
        # a red without a green is a measured value like any other, but must not pass for colours
        own = f"{field.name} alone" if field.name in (*AXES, *COLORS) else field.name
        for item in range(field.shape[0]) if field.shape else (None,):
            name = own if item is None else f"{own}_{item}"
            found[_free(name, found)] = Source(field.name, item)
    return found


def _triple(fields: Sequence[Field], names: Sequence[str], to: Sequence[str]) -> dict[str, Source]:
    """Three fields of one value that are called so, as written or whatever their case, under other names."""
    single = [field.name for field in fields if not field.shape]
    matches = [name if name in single else next((one for one in single if one.lower() == name), None) for name in names]
    if None in matches:
        return {}
    return {other: Source(match) for other, match in zip(to, matches, strict=True) if match is not None}


def _wide(fields: Sequence[Field], to: Sequence[str]) -> dict[str, Source]:
    """The best field of three values that holds them; a fourth colour is the opacity."""
    sizes = {(3,), (4,)} if to == COLORS else {(3,)}
    known = {field.name.lower(): field for field in fields if field.shape in sizes}
    field = next((known[name] for name, names in WIDE.items() if names == to and name in known), None)
    if field is None:
        return {}
    return {name: Source(field.name, item) for item, name in enumerate([*to, "alpha"][: field.shape[0]])}


def _packed(fields: Sequence[Field], names: Collection[str]) -> dict[str, Source]:
    name = next((name for name in names if any(field.name == name for field in fields)), None)
    if name is None:
        return {}
    shifts = dict(zip(COLORS, (16, 8, 0), strict=True)) | ({"alpha": 24} if name.lower() == "rgba" else {})
    return {column: Source(name, shift=shift) for column, shift in shifts.items()}


def _placeless(path: Path, fields: Sequence[Field]) -> InputError:
    wrong = next((field for field in fields if WIDE.get(field.name.lower()) == AXES), None)
    if wrong is not None:
        return InputError(f"{path}: '{wrong.name}' has {wrong.shape} values a point, it must have 3")
    names = {field.name.lower() for field in fields if not field.shape}
    axis = next(axis for axis in AXES if axis not in names)
    known = ", ".join(field.name for field in fields) or "none"
    return InputError(f"{path}: the points have no column '{axis}', the columns are {known}")


def _free(name: str, taken: Collection[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _plain(name: str) -> str:
    return name.lower().removeprefix("scalar_")
