"""How the lines of a text file set their values apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bscnet.clouds.formats.text.lines import BLANKS
from bscnet.clouds.formats.text.values import is_number

SEPARATORS = (b";", b"\t", b",", b"")
"""What stands between two values; the last is any number of blanks and tabs."""

_BLANK_CELL = re.compile(rb'(?:"[^"]*"|[^\x00-\x20"]+)+')
_CELLS = {sign: re.compile(rb'(?:"[^"]*"|[^"' + sign + rb"]+)*") for sign in SEPARATORS if sign}

Span = tuple[int, int]


@dataclass(frozen=True)
class Dialect:
    """How every line with a point is written.

    Attributes:
        separator: one of `SEPARATORS`.
        columns: values in a line.
        leading, trailing: whether a separator stands before the first value and behind the last.
        quoted: whether all values of the first point stand in quotes.
        joint: all that stands between the last two values of the first point, one blank in place of several.
        point: the sign between the whole and the broken part of a number.
    """

    separator: bytes
    columns: int
    leading: bool = False
    trailing: bool = False
    quoted: bool = False
    joint: bytes = b" "
    point: bytes = b"."

    @property
    def empty(self) -> bytes:
        """Characters of which a line without a point may consist."""
        return BLANKS + self.separator

    @property
    def sign(self) -> str:
        """The separator in words."""
        return {b";": "semicolons", b"\t": "tabs", b",": "commas", b"": "blanks"}[self.separator]

    def spans(self, line: bytes) -> list[Span] | None:
        """Where the values of a line are; None where it has another number of them."""
        found = spans(line, self.separator)
        if found is None or len(found) != self.columns + self.leading + self.trailing:
            return None
        ends = (found[:1] if self.leading else []) + (found[-1:] if self.trailing else [])
        if any(end > start for start, end in ends):
            return None
        return found[int(self.leading) : len(found) - int(self.trailing)]


def spans(line: bytes, separator: bytes) -> list[Span] | None:
    """Where the cells of a line are, without blanks around them; None where a quote is not closed.

    A separator in quotes sets nothing apart.
    """
    if line.count(b'"') % 2:
        return None
    if not separator:
        return [match.span() for match in _BLANK_CELL.finditer(line)]
    found, place = [], 0
    while True:
        match = _CELLS[separator].match(line, place)
        assert match is not None, "the pattern takes nothing as well"
        cell = match[0]
        start = place + len(cell) - len(cell.lstrip(BLANKS))
        found.append((start, max(start, place + len(cell.rstrip(BLANKS)))))
        place = match.end() + 1
        if match.end() == len(line):
            return found


def unquoted(cell: bytes) -> bytes:
    """A cell without the quotes around it."""
    if len(cell) >= 2 and cell[:1] == cell[-1:] == b'"':
        return cell[1:-1].replace(b'""', b'"')
    return cell


def cells(line: bytes, separator: bytes) -> list[bytes] | None:
    """The cells of a line without blanks and quotes; None where a quote is not closed."""
    found = spans(line, separator)
    return None if found is None else [unquoted(line[start:end]) for start, end in found]


def separator_of(line: bytes) -> bytes | None:
    """What sets the values of a point apart; None where the line has not three numbers, or can be read in two ways."""
    for separator in SEPARATORS:
        found = cells(line, separator) if separator in line else None
        if found is None or sum(map(is_number, found)) < 3:
            continue
        parts = (cell.split() for cell in found)
        if not any(len(words) > 1 and all(map(is_number, words)) for words in parts):
            return separator
    return None


def joint_of(line: bytes, separator: bytes) -> bytes:
    """What stands between the last two cells of a line that are not empty, one blank in place of several."""
    found = [(start, end) for start, end in spans(line, separator) or [] if end > start]
    between = line[found[-2][1] : found[-1][0]] if len(found) > 1 else b""
    if separator:
        return between if between.count(separator) == 1 else separator
    return b"\t" if b"\t" in between else b" "
