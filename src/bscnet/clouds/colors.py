"""Colours as files hold them, 0 to 1, 0 to 255 or 0 to 65535, and the one way from them to 8 bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError

RANGES = ("auto", "1", "255", "65535")
"""Largest values of a colour channel, as words of settings; "auto" takes the smallest that holds a file's colours."""

NO_COLOUR = 128
"""Grey value of every channel where the sensor gives no colour."""

Channels = Sequence[npt.NDArray[Any]]


def grey(num_points: int) -> npt.NDArray[np.uint8]:
    """Colours (P, 3) of points that have none."""
    return np.full((num_points, 3), NO_COLOUR, dtype=np.uint8)


@dataclass(frozen=True)
class Span:
    """What the colours of some points are like.

    Attributes:
        low, high: least and largest value of all channels; NaN where one is NaN.
        broken: whether a value of a real-valued channel is no whole number.
    """

    low: float = np.inf
    high: float = -np.inf
    broken: bool = False

    @classmethod
    def of(cls, channels: Channels) -> Span:
        """Of channels (P,), P >= 1."""
        ends = [(float(channel.min()), float(channel.max())) for channel in channels]
        low, high = np.min(ends), np.max(ends)  # NumPy's, as those of Python pass over NaN
        if not (np.isfinite(low) and np.isfinite(high)):
            bad = np.concatenate([channel[~np.isfinite(channel)] for channel in channels])
            return cls(float(bad[0]), float(bad[0]), False)
        real = any(channel.dtype.kind == "f" for channel in channels)
        return cls(float(low), float(high), bool(real and high <= 1 and any((c % 1 != 0).any() for c in channels)))

    def __or__(self, other: Span) -> Span:
        """Of both sets of points."""
        if not np.isfinite(self.high) and not self.empty:
            return self
        if not np.isfinite(other.high) and not other.empty:
            return other
        return Span(min(self.low, other.low), max(self.high, other.high), self.broken or other.broken)

    @property
    def empty(self) -> bool:
        """Whether it is of no points."""
        return self.low > self.high

    def range(self, path: Path, described: str) -> str:
        """The range that the colours are taken for: the described one, or the smallest that holds them.

        Only real numbers are taken for 0..1: a black or nearly black scan of integers is one of 8 bits.

        Args:
            path: of the file, for the errors.
            described: a word of `RANGES`.

        Raises:
            InputError: a value that is not finite, negative, or beyond the range.
        """
        if self.empty:
            return "255"
        if not (np.isfinite(self.low) and np.isfinite(self.high)) or self.low < 0:
            raise InputError(
                f"{path}: colours reach from {self.low:g} to {self.high:g}, they must be finite and not negative"
            )
        largest = described if described != "auto" else self._smallest()
        if self.high > int(largest):
            told = "" if described == "auto" else " that 'colors:' of the data set describes"
            raise InputError(f"{path}: a colour channel is {self.high:g}, beyond the range 0..{largest}{told}")
        return largest

    def _smallest(self) -> str:
        if self.high <= 1 and self.broken:
            return "1"
        return "255" if self.high <= 255 else "65535"


def eight_bit(channels: Channels, largest: str) -> npt.NDArray[np.uint8]:
    """Colours (P, 3) uint8 of channels that reach to "1", "255" or "65535".

    16-bit colours keep their high byte, which gives back 8-bit ones exactly, whether they were stored times 256 or 257.
    """
    shades = np.empty((len(channels[0]), 3), dtype=np.uint8)
    for place, channel in enumerate(channels):
        if largest == "1":
            shades[:, place] = np.rint(channel.astype(np.float64) * 255)
        elif largest == "255":
            shades[:, place] = channel if channel.dtype.kind in "iub" else np.rint(channel)
        else:
            shades[:, place] = channel.astype(np.int64) >> 8
    return shades


def of_eight_bit(shades: npt.NDArray[np.uint8], largest: str, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Channels of 8 bits as a file has them whose own reach to "1", "255" or "65535": 255 becomes the largest."""
    if largest == "1":
        return (shades / 255 if dtype.kind == "f" else np.rint(shades / 255)).astype(dtype)
    return shades.astype(dtype) * dtype.type(257 if largest == "65535" and dtype.itemsize > 1 else 1)
