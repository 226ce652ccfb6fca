"""What stands before the first point of a text file, and what that point tells of all others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bscnet.clouds.formats.text.dialect import Dialect, cells, separator_of
from bscnet.clouds.formats.text.first import dialect_of
from bscnet.clouds.formats.text.lines import BLANKS
from bscnet.clouds.formats.text.names import SIGNS, NameLine, is_comment, names_axes, names_in, told_names
from bscnet.clouds.formats.text.values import is_number
from bscnet.errors import InputError

_MAX_HEAD = 1000
_SAMPLE = 1000


@dataclass(frozen=True)
class Head:
    """The beginning of a text file.

    Attributes:
        lines: those before the first point.
        points: the first points, as lines.
        dialect: of the points.
        named: the line that names the columns; None where there is none.
        counted: the number of points that a line of its own tells; None where there is none.
    """

    lines: tuple[bytes, ...]
    points: tuple[bytes, ...]
    dialect: Dialect
    named: NameLine | None
    counted: int | None

    @property
    def comments(self) -> list[bytes]:
        """The comment lines without their signs, but for the one that names the columns."""
        told = -1 if self.named is None else self.named.place
        return [
            line.strip(BLANKS).lstrip(SIGNS)
            for place, line in enumerate(self.lines)
            if place != told and is_comment(line)
        ]


def read_head(path: Path, texts: Iterator[bytes], columns: Sequence[str] | None) -> Head:
    """Read up to the first point.

    Args:
        path: of the file, for the errors.
        texts: as of `text_lines.blocks`.
        columns: names of the columns where the caller gives them.

    Raises:
        InputError: no point comes, or a line before it is none that a head may have.
    """
    lines: list[bytes] = []
    header: int | None = None
    counted: int | None = None
    for text in texts:
        found = text.split(b"\n")[:-1]
        for place, line in enumerate(found):
            words = line.strip(BLANKS)
            if not words.strip(b",;"):
                pass
            elif is_comment(words):
                _check_comment(path, words, len(lines))
            elif counted is None and words.isdigit():
                counted = int(words[:18])
            elif header is None and names_axes(words):
                header = len(lines)
            elif (separator := separator_of(words)) is not None:
                points = tuple(found[place : place + _SAMPLE])
                names: Sequence[str | bytes] = columns or ()
                if columns is None and header is not None:
                    names = names_in(lines, header, separator, len(cells(line, separator) or ())).names
                dialect = dialect_of(path, len(lines) + 1, points, separator, names)
                named = told_names(lines, header, separator, dialect.columns)
                return Head(tuple(lines), points, dialect, named, counted)
            elif header is None and not any(map(is_number, words.replace(b",", b" ").replace(b";", b" ").split())):
                header = len(lines)
            else:
                raise InputError(
                    f"{path}: line {len(lines) + 1} is no point (three numbers or more between blanks, tabs, commas or "
                    "semicolons, without thousands separators), and not the line that names the columns"
                )
            lines.append(line)
            if len(lines) > _MAX_HEAD:
                raise InputError(f"{path}: no point among the first {_MAX_HEAD} lines")
    raise InputError(f"{path}: the file has no points, but at least one is needed")


def _check_comment(path: Path, line: bytes, place: int) -> None:
    words = line.lstrip(SIGNS).replace(b",", b" ").replace(b";", b" ").split()
    if len(words) > 2 and all(map(is_number, words)):
        raise InputError(f"{path}: line {place + 1} is a point behind a sign of comments, it must be one or none")
