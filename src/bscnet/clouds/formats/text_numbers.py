"""Decimal numbers in text, many at once.

Each becomes the double that is nearest to it: up to 15 digits the whole number of them is exact, so are the powers of
ten up to 10^22, and one division rounds once. Eight digits are added up at a time, as parts of a 64-bit word.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

PAD = 16
"""Bytes that must stand before the first number and behind the last."""

_DIGITS = 15
_WORD = np.uint64
_ZEROS = _WORD(0x3030303030303030)
_LOW_ZEROS = np.array([0x3030303030303030 & ((1 << 8 * count) - 1) for count in range(9)], dtype=_WORD)
_TEN_TO = 10 ** np.arange(_DIGITS + 1, dtype=np.int64)

Places = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]


def decimals(
    text: npt.NDArray[np.uint8], starts: Places, ends: Places, point: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """The numbers [start, end) of a text.

    Args:
        text: with `PAD` bytes of anything around the numbers.
        starts, ends: any one shape.
        point: the byte between whole and broken part.

    Returns:
        The values, and which of them are valid: a sign or none and 1 to 15 digits with one point among them or none.
        Whatever is written in another way has to be looked at by itself.
    """
    words = np.ndarray((len(text) - 7,), "<u8", text.data, strides=(1,))
    first = text[starts]
    negative = first == ord("-")
    starts = starts + (negative | (first == ord("+")))
    points = np.append(np.flatnonzero(text == point), len(text))
    place = points[np.searchsorted(points, starts)]
    broken = place < ends
    whole_end = np.where(broken, place, ends)
    whole_count = whole_end - starts
    broken_count = np.where(broken, ends - place - 1, 0)
    whole, sound = _digits(words, whole_end, whole_count)
    part, sound_part = _digits(words, ends, broken_count)
    count = whole_count + broken_count
    valid = sound & sound_part & (count > 0) & (count <= _DIGITS)
    scale = _TEN_TO[np.minimum(broken_count, _DIGITS)]
    values = (whole * scale + part) / scale
    return np.where(negative, -values, values), valid


def _digits(words: Words, ends: Places, counts: Places) -> tuple[Places, npt.NDArray[np.bool_]]:
    """The whole numbers of so many digits before each end, and whether they are digits; right up to 16 of them."""
    total, sound = _last_eight(words, ends, np.minimum(counts, 8))
    longer = np.nonzero(counts > 8)
    if len(longer[0]):
        high, sound_high = _last_eight(words, ends[longer] - 8, np.minimum(counts[longer] - 8, 8))
        total[longer] += high * 10**8
        sound[longer] &= sound_high
    return total, sound


def _last_eight(words: Words, ends: Places, counts: Places) -> tuple[Places, npt.NDArray[np.bool_]]:
    missing = 8 - counts
    shift = missing.astype(_WORD) * _WORD(8)
    # a shift by all 64 bits is not defined, and leaves what it likes: no digit is then taken from the text
    word = np.where(counts == 0, _ZEROS, (words[ends - 8] >> shift << shift) | _LOW_ZEROS[missing])
    high = word & _WORD(0xF0F0F0F0F0F0F0F0)
    carried = (word + _WORD(0x0606060606060606)) & _WORD(0xF0F0F0F0F0F0F0F0)
    sound = (high == _ZEROS) & (carried == _ZEROS)
    word = word - _ZEROS
    word = (word * _WORD(10) + (word >> _WORD(8))) & _WORD(0x00FF00FF00FF00FF)
    word = (word * _WORD(100) + (word >> _WORD(16))) & _WORD(0x0000FFFF0000FFFF)
    word = (word * _WORD(10000) + (word >> _WORD(32))) & _WORD(0x00000000FFFFFFFF)
    return word.astype(np.int64), sound
