"""Rows of a text PLY: a line each, its values divided by blanks; empty lines are passed over."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from bscnet.clouds.formats.ply.elements import Element, Property
from bscnet.errors import InputError

_READ = 1 << 18
_MAX_LINE = 1 << 28
_MICROSOFT_NAN = re.compile(rb"[-+]?(?:nan\([a-z]*\)|1\.#(?:qnan|snan|ind|nan)[0-9]*)", re.IGNORECASE)
_MICROSOFT_INF = re.compile(rb"([-+]?)1\.#inf[0-9]*", re.IGNORECASE)
_INTEGER = re.compile(rb"[-+]?[0-9]+")


class Lines:
    """The lines of a file from where its stream stands; they end with a line feed, a carriage return, or both.

    Attributes:
        offset: in the file of what comes behind the lines that were taken.
    """

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self.offset = stream.tell()
        self._stream, self._path = stream, path
        self._held, self._next = list[bytes](), 0
        self._rest = b""

    def take(self, count: int) -> list[bytes]:
        """The next lines that are not empty, without blanks at either end; fewer where the file ends."""
        found = list[bytes]()
        while len(found) < count and self._fill():
            part = self._held[self._next : self._next + count - len(found)]
            self._next += len(part)
            self.offset += sum(map(len, part))
            found += filter(None, map(bytes.strip, part))
        return found

    def skip(self, count: int) -> tuple[int, bytes]:
        """Pass over lines that are not empty: how many fewer there are, and the last one."""
        last = b""
        while count and (taken := self.take(min(count, 1 << 13))):
            count, last = count - len(taken), taken[-1]
        return count, last

    def _fill(self) -> bool:
        """Whether a line is held."""
        while self._next == len(self._held):
            more = self._stream.read(max(_READ, len(self._rest)))
            data = self._rest + more
            end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1 if more else len(data)
            self._held, self._next, self._rest = data[:end].splitlines(keepends=True), 0, data[end:]
            if not more and not self._held:
                return False
            if len(self._rest) > _MAX_LINE:
                raise InputError(f"{self._path}: damaged PLY file, a line has more than {_MAX_LINE} characters")
        return True


def places_of(words: list[bytes], element: Element) -> dict[str, int] | None:
    """Which of a row's words is the value, or the length of the list, of each property; None: it has fewer or more."""
    places, at = {}, 0
    for one in element.properties:
        places[one.name] = at
        if one.length is not None:
            if at >= len(words) or not words[at].isdigit():
                return None
            at += int(words[at])
        at += 1
    return places if at == len(words) else None


def parse(path: Path, element: Element, lines: list[bytes], first: int) -> npt.NDArray[np.void]:
    """The numbers of rows as records; what stands in lists is passed over.

    Args:
        path: of the file, for the errors.
        element: whose rows they are.
        lines: of the rows.
        first: number of the first row.

    Raises:
        InputError: a row has fewer or more values than the header says, or one that its property cannot hold.
    """
    if element.lists:
        lines = [_numbers(path, element, line, first + row) for row, line in enumerate(lines)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy 1 lets 1.5 pass for an integer, with a warning
            if _divided_by_ascii(b"\n".join(lines)):
                return np.loadtxt(lines, element.record(), comments=None, ndmin=1)
    except (ValueError, OverflowError, DeprecationWarning):
        pass
    # not what NumPy reads: one by one, which tells where, or that it is only another spelling
    rows = [_row(path, element, line, first + row) for row, line in enumerate(lines)]
    return np.array(rows, element.record())


def _divided_by_ascii(text: bytes) -> bool:
    """Whether blanks are those of bytes: NumPy takes no-break spaces and separators of records for such, too."""
    return text.isascii() and not any(sign in text for sign in (b"\x1c", b"\x1d", b"\x1e", b"\x1f"))


def _numbers(path: Path, element: Element, line: bytes, row: int) -> bytes:
    words = line.split()
    places = places_of(words, element)
    if places is None:
        raise InputError(
            f"{path}: row {row} of element '{element.name}' has {len(words)} values, which is not what its "
            f"{len(element.properties)} properties and the lengths of its lists need"
        )
    return b" ".join(words[places[one.name]] for one in element.numbers)


def _row(path: Path, element: Element, line: bytes, row: int) -> tuple[float, ...]:
    words = line.split()
    if len(words) != len(element.numbers):
        raise InputError(
            f"{path}: row {row} of element '{element.name}' has {len(words)} values, its line must have "
            f"{len(element.numbers)}: {' '.join(one.name for one in element.numbers)[:120]}"
        )
    return tuple(_value(path, element, one, word, row) for one, word in zip(element.numbers, words, strict=True))


def _value(path: Path, element: Element, one: Property, word: bytes, row: int) -> Any:
    kind = np.dtype(one.kind)
    value = _number(word)
    if value is None or (kind.kind in "iu" and not _fits(value, kind)):
        allowed = "a number" if value is None or kind.kind == "f" else "a whole number that its type holds"
        raise InputError(
            f"{path}: '{one.name}' of row {row} of element '{element.name}' is {word.decode('latin-1')[:40]!r}, it "
            f"must be {allowed}"
        )
    return value


def _number(word: bytes) -> float | int | None:
    """What a word stands for, with the spellings of what is no number that Windows has."""
    if _INTEGER.fullmatch(word) and len(word) < 30:
        return int(word)
    if _MICROSOFT_NAN.fullmatch(word):
        return np.nan
    if infinite := _MICROSOFT_INF.fullmatch(word):
        return -np.inf if infinite[1] == b"-" else np.inf
    try:
        return None if b"_" in word else float(word)
    except ValueError:
        return None


def _fits(value: float, kind: np.dtype[Any]) -> bool:
    limits = np.iinfo(kind)
    return limits.min <= value <= limits.max and value == int(value)
