"""Decimal numbers in text, many at once: each becomes the double that is nearest to it.

Eight digits are added up at a time, as parts of a 64-bit word. Up to 15 digits the whole number of them is exact, so is
the power of ten by which it is divided, and the division rounds once; what is longer goes the way of `text_doubles`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bscnet.clouds.formats.text.doubles import nearest_doubles

PAD = 24
"""Bytes that must stand before the first number and behind the last."""

_EXACT, _MOST = 15, 19
"""Digits of which any whole number is a double, and a word of 64 bits."""

_WORD = np.uint64
_ZEROS = _WORD(0x3030303030303030)
_LOW_ZEROS = np.array([0x3030303030303030 & ((1 << 8 * count) - 1) for count in range(9)], dtype=_WORD)
_TEN_TO = np.array([10**power for power in range(_MOST + 1)], dtype=_WORD)

Text = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]


def decimals(text: Text, starts: Places, ends: Places, point: int) -> tuple[npt.NDArray[np.float64], Mask]:
    """The numbers [start, end) of a text.

    Args:
        text: with `PAD` bytes of anything around the numbers.
        starts, ends: any one shape.
        point: the byte between whole and broken part.

    Returns:
        The values, and which of them are valid: a sign or none, 1 to 19 digits with one point among them or none, and
        a power of ten (e-3) or none. Whatever is written in another way has to be looked at by itself, and so have the
        few of more than 15 digits that come too close to the middle between two doubles.
    """
    words = np.ndarray((len(text) - 7,), "<u8", text.data, strides=(1,))
    first = text[starts]
    negative = first == ord("-")
    starts = starts + (negative | (first == ord("+")))
    points = np.flatnonzero(text == point)
    mark = _next(np.flatnonzero(text | 32 == ord("e")), starts, len(text))
    long = (ends - starts > _EXACT) | (mark < ends)
    if long.any():
        values, valid = np.empty(starts.shape), np.empty(starts.shape, bool)
        values[~long], valid[~long] = _short(words, points, starts[~long], ends[~long])
        values[long], valid[long] = _long(text, words, points, starts[long], ends[long], mark[long])
    else:
        values, valid = _short(words, points, starts, ends)
    return np.where(negative, -values, values), valid


def _short(words: Words, points: Places, starts: Places, ends: Places) -> tuple[npt.NDArray[np.float64], Mask]:
    """Numbers without a sign of so few digits that they are doubles without the point."""
    digits, broken, valid = _digits(words, points, starts, ends)
    return digits / _TEN_TO[np.where(valid, broken, 0)], valid


def _long(
    text: Text, words: Words, points: Places, starts: Places, ends: Places, mark: Places
) -> tuple[npt.NDArray[np.float64], Mask]:
    """Numbers without a sign that have many digits or, behind a mark, a power of ten."""
    marked = mark < ends
    sign = text[np.where(marked, mark + 1, 0)]
    negative = sign == ord("-")
    count = np.where(marked, ends - mark - 1 - (negative | (sign == ord("+"))), 0)
    power, sound = _last_eight(words, ends, np.clip(count, 0, 8))
    sound &= ~marked | ((count > 0) & (count <= 4))
    digits, broken, valid = _digits(words, points, starts, np.where(marked, mark, ends))
    powers = np.where(negative, -1, 1) * power.astype(np.int64) - broken
    values, known = nearest_doubles(digits, powers)
    return values, valid & sound & known


def _digits(words: Words, points: Places, starts: Places, ends: Places) -> tuple[Words, Places, Mask]:
    """The whole numbers that digits with a point among them or none are without it.

    Returns:
        They, how many digits come behind the point, and whether there are 1 to 19 and nothing else.
    """
    point = _next(points, starts, 8 * len(words))
    behind = point < ends
    whole_end = np.where(behind, point, ends)
    whole_count = whole_end - starts
    broken_count = np.where(behind, ends - point - 1, 0)
    count = whole_count + broken_count
    valid = (count > 0) & (count <= _MOST)
    total, sound = _whole(words, whole_end, np.where(valid, whole_count, 0))
    valid &= sound
    some = np.nonzero(valid & (broken_count > 0))
    part, sound = _whole(words, ends[some], broken_count[some])
    total[some] = total[some] * _TEN_TO[broken_count[some]] + part
    valid[some] = sound
    return total, broken_count, valid


def _next(places: Places, starts: Places, beyond: int) -> Places:
    """The first of the places at each start or behind it."""
    found: Places = np.append(places, beyond)[np.searchsorted(places, starts)]
    return found


def _whole(words: Words, ends: Places, counts: Places) -> tuple[Words, Mask]:
    """The whole numbers of up to 19 digits before each end, and whether they are digits."""
    total, sound = _last_eight(words, ends, np.minimum(counts, 8))
    for done in (8, 16):
        longer = np.nonzero(counts > done)
        if not len(longer[0]):
            break
        high, sound_high = _last_eight(words, ends[longer] - done, np.minimum(counts[longer] - done, 8))
        total[longer] += high * _TEN_TO[done]
        sound[longer] &= sound_high
    return total, sound


def _last_eight(words: Words, ends: Places, counts: Places) -> tuple[Words, Mask]:
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
    return word, sound
