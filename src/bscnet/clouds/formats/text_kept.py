"""Lines of a text file given back as they stand, with values behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bscnet.clouds.colors import of_eight_bit
from bscnet.clouds.columns import COLORS
from bscnet.clouds.file import Rows
from bscnet.clouds.formats.text import TextFile
from bscnet.clouds.formats.text_digits import digits
from bscnet.clouds.formats.text_named import named_lines
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
        behind = iter([joint.join(row) for row in zip([b""] * len(rows), *words, strict=True)])
        shade = np.dtype(np.float64 if largest == "1" else np.int64)
        paint = {
            place: digits(of_eight_bit(columns[color], largest, shade), point) for color, place in self._painted.items()
        }
        shades = iter([dict(zip(paint, row, strict=True)) for row in zip(*paint.values(), strict=True)])
        lines: list[bytes] = rows.native.split(b"\n")[:-1]
        empty = self._dialect.empty
        return [
            self._extended(self._repainted(line, next(shades)) if paint else line, next(behind))
            if line.strip(empty)
            else line
            for line in lines
        ]

    def _extended(self, line: bytes, behind: bytes) -> bytes:
        end = line.rindex(self._dialect.separator) if self._dialect.trailing else len(line)
        return line[:end] + behind + line[end:]

    def _repainted(self, line: bytes, paint: Mapping[int, bytes]) -> bytes:
        spans = self._dialect.spans(line) or []  # every line has been read before
        for place, word in sorted(paint.items(), reverse=True):
            start, end = spans[place]
            quote = line[start : start + 1] if line[start : start + 1] == b'"' else b""
            line = line[:start] + quote + word + quote + line[end:]
        return line

    def _quoted(self, words: list[bytes]) -> list[bytes]:
        if self._dialect.quoted or self._dialect.point == self._dialect.separator:
            return [b'"' + word + b'"' for word in words]
        return words
