"""Lines of a text file given back as they stand, with values behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bscnet.clouds.colors import of_eight_bit
from bscnet.clouds.columns import COLORS
from bscnet.clouds.fields import Rows
from bscnet.clouds.formats.text.digits import digits
from bscnet.clouds.formats.text.named import named_lines
from bscnet.clouds.formats.text.reader import TextFile
from bscnet.clouds.formats.text.respelled import respelled
from bscnet.clouds.writer import Columns


class KeptLines:
    """A text file's lines with more values behind those of each point, written in the file's own manner.

    Args:
        file: the file.
        added: names of the values.
        painted: whether the file's colours are given others.
    """

    def __init__(self, file: TextFile, added: Sequence[str], painted: bool) -> None:
        self._file, self._added, self._dialect = file, added, file.dialect
        colors = COLORS if painted else ()
        self._painted = {color: file.names.index(file.columns[color].field) for color in colors}

    def head(self) -> list[bytes]:
        """The lines before the first point."""
        return named_lines(self._file.head, self._file.names, self._added)

    def lines(self, rows: Rows, columns: Columns, largest: str) -> list[bytes]:
        """The next lines; empty ones stay where they are.

        Args:
            rows: of the file.
            columns: the values, by their names, and red, green and blue (uint8) if they are painted.
            largest: value that the file's own colours reach to, a word of `colors.RANGES`.
        """
        point, joint = self._dialect.point, self._dialect.joint
        words = [self._quoted(digits(columns[name], point)) for name in self._added]
        behind = [joint.join(row) for row in zip([b""] * len(rows), *words, strict=True)]
        lines: list[bytes] = rows.native.split(b"\n")[:-1]
        places = [place for place, line in enumerate(lines) if line.strip(self._dialect.empty)]
        points = [lines[place] for place in places]
        if self._painted:
            shade = np.dtype(np.float64 if largest == "1" else np.int64)
            paint = {
                place: self._quoted(digits(of_eight_bit(columns[color], largest, shade), point))
                for color, place in self._painted.items()
            }
            points = respelled(points, self._dialect, paint, own_quotes=self._needs_quotes)
        for place, line, more in zip(places, points, behind, strict=True):
            lines[place] = self._extended(line, more)
        return lines

    def _extended(self, line: bytes, behind: bytes) -> bytes:
        end = line.rindex(self._dialect.separator) if self._dialect.trailing else len(line)
        return line[:end] + behind + line[end:]

    @property
    def _needs_quotes(self) -> bool:
        return self._dialect.quoted or self._dialect.point == self._dialect.separator

    def _quoted(self, words: list[bytes]) -> list[bytes]:
        return [b'"' + word + b'"' for word in words] if self._needs_quotes else words
