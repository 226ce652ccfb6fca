"""Colours that PCD files pack into 32 bits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.columns import COLORS
from bscnet.clouds.formats.pcd.header import Header

PACKED_NAMES = ("rgb", "rgba")
"""What such fields are called, best first."""

_SHIFTS = (16, 8, 0)


@dataclass(frozen=True)
class Packed:
    """The field of a file that holds red, green and blue in 32 bits (0x__RRGGBB).

    Attributes:
        place: of the field in the header.
        name: of the field.
        whole: of text with TYPE F: whether the number is written that the bits are, and not the float with those bits.
        lost: of such text: whether a NaN stands for a point without a colour.
    """

    place: int
    name: str
    whole: bool = False
    lost: bool = False


def packed_place(header: Header) -> int | None:
    """The place of the field that holds packed colours: rgb before rgba."""
    names = [field.name if field.count == 1 and field.dtype.itemsize == 4 else "" for field in header.fields]
    return next((names.index(name) for name in PACKED_NAMES if name in names), None)


def spelled(place: int, name: str, parts: Iterable[npt.NDArray[np.float64]]) -> Packed:
    """How a text file writes its packed colours of TYPE F, by all values of the field."""
    whole, lost = True, False
    for part in parts:
        values = part[~np.isnan(part)]
        lost |= len(values) < len(part)
        whole &= bool(((values == np.floor(values)) & (values >= 0) & (values < 2**32)).all())
    return Packed(place, name, whole, lost)


def bits_of_text(packed: Packed, values: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    """The field of text as 32 bits, in the type that it is written as: uint32 or float32; 0 where NaN stands."""
    known = np.where(np.isnan(values), 0, values)
    if packed.whole:
        return known.astype(np.uint32)
    with np.errstate(over="ignore"):
        return known.astype(np.float32)


def unpacked(bits: npt.NDArray[Any]) -> dict[str, npt.NDArray[np.uint8]]:
    """Red, green and blue of a field of 32 bits."""
    numbers = np.ascontiguousarray(bits).view(np.uint32)
    return {color: (numbers >> shift & 255).astype(np.uint8) for color, shift in zip(COLORS, _SHIFTS, strict=True)}


def repacked(bits: npt.NDArray[Any], red: npt.ArrayLike, green: npt.ArrayLike, blue: npt.ArrayLike) -> npt.NDArray[Any]:
    """A field of 32 bits with other colours; what else is in it, and its type, stay."""
    numbers = np.ascontiguousarray(bits).view(np.uint32) & np.uint32(0xFF000000)
    for shades, shift in zip((red, green, blue), _SHIFTS, strict=True):
        numbers |= np.asarray(shades).astype(np.uint32) << np.uint32(shift)
    return numbers.view(bits.dtype)
