"""What one word among the points stands for, where it is no plain decimal number."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBER = re.compile(rb"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?", re.ASCII)
_INFINITE = re.compile(rb"([-+]?)(inf(inity)?|1\.#inf0*)", re.IGNORECASE)
_NAN = re.compile(rb"[-+]?(nan(\(\w*\))?|1\.#(qnan|snan|ind)0*)", re.IGNORECASE)
_MISSING = re.compile(rb"|n/?a|null|none", re.IGNORECASE)


def value_of(word: bytes, point: bytes) -> float | None:
    """The number that a word stands for; None where it is none.

    Args:
        word: without quotes and blanks around it.
        point: the sign between whole and broken part, a point or a comma.

    Returns:
        NaN for the words that programs write where a value is not a number, Windows' own (1.#QNAN, -nan(ind)) among
        them.
    """
    pointed = word.replace(b",", b".") if point == b"," else word
    if _NUMBER.fullmatch(pointed):
        return None if point == b"," and b"." in word else float(pointed)
    if _NAN.fullmatch(pointed):
        return float("nan")
    if match := _INFINITE.fullmatch(pointed):
        return float("-inf" if match[1] == b"-" else "inf")
    return None


def values_of(words: Sequence[bytes]) -> list[float] | None:
    """The numbers that all words stand for, with a point; None where one has to be looked at by itself."""
    if any(b"_" in word for word in words):
        return None  # Python takes 1_000
    try:
        return list(map(float, words))
    except ValueError:
        return None


def is_number(word: bytes) -> bool:
    """Whether a word is a number, with a point or a comma."""
    return value_of(word, b".") is not None or value_of(word, b",") is not None


def is_missing(word: bytes) -> bool:
    """Whether it says that there is no value: nothing, NA, null."""
    return _MISSING.fullmatch(word) is not None
