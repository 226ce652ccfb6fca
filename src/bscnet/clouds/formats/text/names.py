"""The line of a text file that names its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bscnet.clouds.columns import AXES
from bscnet.clouds.formats.text.dialect import SEPARATORS, Span, cells, spans, unquoted
from bscnet.clouds.formats.text.lines import BLANKS

COMMENTS = (b"//", b"#", b"%", b"!")
"""What a comment line begins with."""

SIGNS = b"/#%! "
"""What stands before the text of one."""

_AXES = {axis.encode() for axis in AXES}


@dataclass(frozen=True)
class NameLine:
    """The line that names the columns.

    Attributes:
        place: among the lines before the first point.
        comment: whether it is a comment.
        separator: between the names.
        spans: where the names are, with the quotes around them.
        names: without quotes.
    """

    place: int
    comment: bool
    separator: bytes
    spans: tuple[Span, ...]
    names: tuple[bytes, ...]

    @property
    def has_axes(self) -> bool:
        """Whether x, y and z are among the names."""
        return {name.lower() for name in self.names} >= _AXES


def is_comment(line: bytes) -> bool:
    """Whether a line is one."""
    return line.strip(BLANKS).startswith(COMMENTS)


def names_axes(line: bytes) -> bool:
    """Whether x, y and z are among the words of a line, whatever sets them apart."""
    return any({word.lower() for word in cells(line, sign) or []} >= _AXES for sign in SEPARATORS)


def names_in(lines: Sequence[bytes], place: int, separator: bytes, columns: int) -> NameLine:
    """The names in a line.

    They are set apart by whatever sets so many apart, x, y and z among them if that can be; the points' own separator
    comes first.
    """
    line = lines[place]
    comment = is_comment(line)
    start = len(line) - len(line.lstrip(BLANKS + SIGNS)) if comment else 0
    found = [
        NameLine(place, comment, sign, tuple(one), tuple(unquoted(line[first:last]) for first, last in one))
        for sign in (separator, *(other for other in SEPARATORS if other != separator))
        for one in _ways([(start + first, start + last) for first, last in spans(line[start:], sign) or []])
    ]
    if not found:
        return NameLine(place, comment, separator, (), ())
    return max(found, key=lambda one: (len(one.names) == columns, one.has_axes, len(one.names)))


def _ways(cells: list[Span]) -> list[list[Span]]:
    """The cells, and those without empty ones at the ends, where a separator may stand for nothing."""
    ways = []
    for first, last in ((0, 0), (0, 1), (1, 0), (1, 1)):
        kept = cells[first : len(cells) - last]
        dropped = cells[:first] + cells[len(cells) - last :]
        if kept and all(start == end for start, end in dropped):
            ways.append(kept)
    return ways


def told_names(lines: Sequence[bytes], header: int | None, separator: bytes, columns: int) -> NameLine | None:
    """The names of so many columns that a header line has, or else the last comment with x, y and z.

    Args:
        lines: before the first point.
        header: place of the line that is no comment and holds names; None if there is none.
        separator: of the points.
        columns: of the points.
    """
    if header is not None:
        return names_in(lines, header, separator, columns)
    for place in reversed(range(len(lines))):
        if is_comment(lines[place]):
            named = names_in(lines, place, separator, columns)
            if len(named.names) == columns and named.has_axes:
                return named
    return None
