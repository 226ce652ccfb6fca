"""Extra dimensions of LAS points: the records that describe the bytes behind a point's own fields."""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

DESCRIPTOR = 192
"""Bytes that describe one dimension."""

LONGEST_NAME = 32
UNDESCRIBED = "ExtraBytes"
"""Name of bytes that nothing describes."""

_TYPES = ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8")
_SCALED, _MOVED = 0b0_1000, 0b1_0000
_KIND, _NAME, _SCALE, _OFFSET, _TEXT = 2, 4, 112, 136, 160


@dataclass(frozen=True)
class Extra:
    """An extra dimension.

    Attributes:
        name: in the file.
        dtype: of one stored value.
        width: stored values a point.
        single: whether it is one value a point, not an array.
        scales, offsets: value = stored * scale + offset for each of the width; None where values are as stored.
    """

    name: str
    dtype: np.dtype[Any]
    width: int = 1
    single: bool = True
    scales: tuple[float, ...] | None = None
    offsets: tuple[float, ...] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a point's values."""
        return () if self.single else (self.width,)

    @property
    def size(self) -> int:
        """Bytes of a point."""
        return self.dtype.itemsize * self.width

    def values(self, stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What the stored values (P, *shape) stand for."""
        if self.scales is None or self.offsets is None:
            return stored.copy()
        scales, offsets = (np.reshape(one, self.shape) for one in (self.scales, self.offsets))
        with np.errstate(all="ignore"):  # a damaged scale
            scaled: npt.NDArray[Any] = stored * scales + offsets
        return scaled


def described(data: bytes, room: int) -> list[Extra] | None:
    """The dimensions that descriptors tell of.

    Args:
        data: descriptors.
        room: bytes that the points have behind their own fields.

    Returns:
        None where they tell of more bytes than there are, or of an unknown type: such descriptors do not count.
    """
    found = []
    for start in range(0, len(data) - DESCRIPTOR + 1, DESCRIPTOR):
        extra = _of(data[start : start + DESCRIPTOR])
        if extra is None:
            return None
        if extra.size:
            found.append(extra)
    return found if sum(extra.size for extra in found) <= room else None


def undescribed(size: int) -> list[Extra]:
    """The dimension of bytes behind all described ones, if there are any."""
    return [Extra(UNDESCRIBED, np.dtype("u1"), size, size == 1)] if size else []


def describable(size: int) -> list[Extra]:
    """The same bytes as dimensions that can be described.

    The number of bytes of one stands where others have flags, at most 255; laspy (2.7) refuses numbers with the bits
    that mean a scale or an offset there.
    """
    found = []
    while size:
        width = next(one for one in range(min(size, 255), 0, -1) if not one & (_SCALED | _MOVED))
        found.append(Extra(UNDESCRIBED, np.dtype("u1"), width, width == 1))
        size -= width
    return found


def descriptor(extra: Extra, description: str = "") -> bytes:
    """The 192 bytes that describe a dimension without scale, of one value a point or of raw bytes."""
    raw = bytearray(DESCRIPTOR)
    if not extra.single:
        raw[_KIND : _KIND + 2] = bytes((0, extra.width))
    else:
        raw[_KIND] = _TYPES.index(extra.dtype.str[1:]) + 1
    raw[_NAME : _NAME + LONGEST_NAME] = extra.name.encode().ljust(LONGEST_NAME, b"\0")
    raw[_TEXT : _TEXT + 32] = description.encode()[:32].ljust(32, b"\0")
    return bytes(raw)


def renamed(data: bytes, names: Mapping[str, str]) -> bytes:
    """Descriptors with other names where `names` has one for theirs."""
    raw = bytearray(data)
    for start in range(0, len(data) - DESCRIPTOR + 1, DESCRIPTOR):
        place = start + _NAME
        name = _text(data[place : place + LONGEST_NAME])
        if name in names:
            raw[place : place + LONGEST_NAME] = names[name].encode().ljust(LONGEST_NAME, b"\0")
    return bytes(raw)


def storable(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type of a dimension that holds numbers of that type."""
    if dtype.kind == "b":
        return np.dtype(np.uint8)
    if dtype.kind == "f":
        return np.dtype(np.float32 if dtype.itemsize <= 4 else np.float64)
    return np.dtype(f"{dtype.kind}{dtype.itemsize}")


def unique_name(name: str, taken: Collection[str]) -> str:
    """A name of at most 32 bytes that is not taken: the same, shorter, or with _2, _3 and so on behind it."""
    number, found = 1, _cut(name, LONGEST_NAME)
    while found in taken or not found:
        number += 1
        end = f"_{number}"
        found = _cut(name or UNDESCRIBED, LONGEST_NAME - len(end)) + end
    return found


def _of(raw: bytes) -> Extra | None:
    kind, options = raw[_KIND], raw[_KIND + 1]
    name = _text(raw[_NAME : _NAME + LONGEST_NAME])
    if kind == 0:
        return Extra(name, np.dtype("u1"), options, options == 1)
    if kind > 3 * len(_TYPES):
        return None
    width, dtype = (kind - 1) // len(_TYPES) + 1, np.dtype(_TYPES[(kind - 1) % len(_TYPES)])
    if not options & (_SCALED | _MOVED):
        return Extra(name, dtype, width, width == 1)
    scales = struct.unpack_from(f"<{width}d", raw, _SCALE) if options & _SCALED else (1.0,) * width
    offsets = struct.unpack_from(f"<{width}d", raw, _OFFSET) if options & _MOVED else (0.0,) * width
    return Extra(name, dtype, width, width == 1, scales, offsets)


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode(errors="replace")


def _cut(name: str, size: int) -> str:
    return name.encode()[:size].decode(errors="ignore")
