"""Decimal numbers of up to 19 digits and any power of ten as the nearest doubles, many at once.

w · 10^q = w · 5^q · 2^q. The upper 128 bits of w · 5^q come from a table of 5^q with 128 bits; they are at most two
short of the truth. So the 53 bits that are kept are known, unless what is cut off comes within two of one half: then,
and beyond the range of normal doubles, the number has to be looked at by itself.

After D. Lemire, Number Parsing at a Gigabyte per Second (arXiv 2101.11408).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]

_LEAST, _MOST = -330, 310
"""Powers of ten in the table; others are beyond the doubles for any w."""

_HALF_WORD, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
_SLACK = np.uint64(2)
_TOP = np.uint64(2**64 - 3)


def nearest_doubles(
    digits: Words, powers: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """The doubles nearest to digits · 10^powers, and which of them are known.

    Args:
        digits: (N,) whole numbers.
        powers: (N,) of ten.
    """
    high_five, low_five, exponents = _fives()
    known = (powers >= _LEAST) & (powers <= _MOST)
    place = np.where(known, powers - _LEAST, 0)
    shift = _leading_zeros(digits)
    word = digits << shift.astype(np.uint64)
    high, low = _product(word, high_five[place])
    more, _ = _product(word, low_five[place])
    low = low + more
    high = high + (low < more)
    cut = np.where(high >> np.uint64(63) != 0, np.uint64(11), np.uint64(10))
    half = _ONE << (cut - _ONE)
    rest = high & ((_ONE << cut) - _ONE)
    known &= ~((rest == half) & (low <= _SLACK) | (rest == half - _ONE) & (low >= _TOP))
    kept = (high >> cut) + (rest >= half)
    exponent = cut.astype(np.int64) + exponents[place] - shift + powers
    known &= ((exponent > -1074) & (exponent < 970)) | (digits == 0)
    exponent = np.where(known, exponent, 0)
    return np.ldexp(kept.astype(np.float64), exponent), known


@cache
def _fives() -> tuple[Words, Words, npt.NDArray[np.int64]]:
    """Upper and lower words of 5^q as 128 bits of which the first is set, and the power of two that is to be added."""
    words, exponents = [], []
    for power in range(_LEAST, _MOST + 1):
        if power >= 0:
            number = 5**power
            scale = number.bit_length() - 128
            word = number >> scale if scale > 0 else number << -scale
        else:
            number = 5**-power
            scale = -(127 + number.bit_length())
            word = (1 << -scale) // number
        words.append(word)
        exponents.append(scale + 128)
    high, low = (np.array([word >> down & (2**64 - 1) for word in words], np.uint64) for down in (64, 0))
    return high, low, np.array(exponents, np.int64)


def _leading_zeros(words: Words) -> npt.NDArray[np.int64]:
    """Of 64 bits; 63 of zero."""
    length: npt.NDArray[Any] = np.frexp(words.astype(np.float64))[1]
    zeros = np.clip(64 - length, 0, 63).astype(np.int64)
    # a number just below a power of two is rounded up to it
    return zeros + ((words << zeros.astype(np.uint64)) >> np.uint64(63) == 0) * (zeros < 63)


def _product(left: Words, right: Words) -> tuple[Words, Words]:
    """Upper and lower word of the product of two words."""
    left_high, left_low = left >> _HALF_WORD, left & _LOW
    right_high, right_low = right >> _HALF_WORD, right & _LOW
    lowest = left_low * right_low
    cross, other = left_high * right_low, left_low * right_high
    middle = (lowest >> _HALF_WORD) + (cross & _LOW) + (other & _LOW)
    high = left_high * right_high + (cross >> _HALF_WORD) + (other >> _HALF_WORD) + (middle >> _HALF_WORD)
    return high, (lowest & _LOW) | (middle << _HALF_WORD)
