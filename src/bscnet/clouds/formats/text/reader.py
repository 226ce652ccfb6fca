"""Text (XYZ, TXT, CSV, ASC, PTS): one point a line, as spreadsheets, CloudCompare, PDAL and scanners write it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bscnet.clouds.fields import Field, Rows
from bscnet.clouds.file import CHUNK_POINTS, CloudFile
from bscnet.clouds.formats.text.columns import SKIP, column_names, columns_of_words
from bscnet.clouds.formats.text.encoding import decoded, encoding_of
from bscnet.clouds.formats.text.head import read_head
from bscnet.clouds.formats.text.lines import blocks
from bscnet.clouds.formats.text.parse import LineParser
from bscnet.clouds.formats.text.points import Block, in_parts, point_blocks
from bscnet.errors import InputError


class TextFile(CloudFile):
    """Lines of values between semicolons, tabs, commas, or blanks; the first point's line tells which, for all.

    Text may be UTF-8 with or without a byte-order mark, UTF-16 with one, or any code page that extends ASCII. Lines may
    end in LF, CR LF or CR; those that are empty, or hold nothing but separators, are no points wherever they stand.
    Comments (//, #, %, !), a line with the number of points, and a line with the names of the columns may stand before
    the first point; among the points a comment is refused, since it might have been one. Values may stand in quotes.
    The broken part of a number begins with a point or, where a comma does not set the values apart, with a comma.
    Separators that group thousands are refused, and so are hexadecimal numbers.

    Columns are named by the caller, by the header line, by the last comment that has an x, a y and a z among as many
    names as there are columns, or by their number: x y z, with red green blue behind them where there are six, and in
    a PTS file of four or seven with the intensity after z. A name that is empty or `SKIP` is of a column that is not
    wanted.

    Every field is a double: whole numbers beyond 2^53 are rounded, though a text file that is written from this one
    keeps their digits. No value (an empty cell, NA, null) is NaN, but not as x, y or z; NaN may be spelled as Windows
    does, 1.#QNAN or -nan(ind). A column whose first value is a word is one of words, of type object.

    The file is read a block at a time. `Rows.native`: the lines as they stand, each ended by a line feed, in UTF-8 if
    the file is in UTF-16.

    Args:
        path: of the file.
        columns: names of the columns, in place of those that the file tells.

    Raises:
        InputError: as of `open_cloud`; the columns' meaning is not known.
    """

    def __init__(self, path: Path, columns: Sequence[str] | None = None) -> None:
        self.encoding = encoding_of(path)
        self.head = read_head(path, blocks(path, self.encoding), columns)
        self.names = column_names(path, self.head, columns)
        words = columns_of_words(self.head, self.names)
        count, point = self._look(path)
        if self.head.counted not in (None, count):
            raise InputError(f"{path}: a line tells of {self.head.counted} points, but {count} follow")
        self.dialect = replace(self.head.dialect, point=point)
        self._parser = LineParser(path, self.dialect, self.names, words)
        self._place = {name: place for place, name in enumerate(self.names) if name != SKIP}
        self.comments = tuple(decoded(line) for line in self.head.comments)
        kinds = {name: object if place in words else np.float64 for name, place in self._place.items()}
        super().__init__(path, count, tuple(Field(name, np.dtype(kind)) for name, kind in kinds.items()))

    @property
    def whole_chunk(self) -> int:
        """A part of the points: the text of all need not be in memory at once."""
        return min(self.count, CHUNK_POINTS)

    def _rows(self, size: int, names: frozenset[str]) -> Iterator[Rows]:
        wanted = {name: place for name, place in self._place.items() if name in names}
        first = 0
        for part in in_parts(self._blocks(self.path), size):
            parsed = [self._parser.parse(block, wanted.values()) for block in part if len(block)]
            fields = {name: np.concatenate([one[place] for one in parsed]) for name, place in wanted.items()}
            yield Rows(first, fields, b"".join(block.data for block in part))
            first += sum(map(len, part))

    def _blocks(self, path: Path) -> Iterator[Block]:
        texts = blocks(path, self.encoding)
        return point_blocks(texts, self.head.dialect.empty, skip=len(self.head.lines))

    def _look(self, path: Path) -> tuple[int, bytes]:
        """How many points there are, and the sign in their numbers."""
        count, comma, dot = 0, False, False
        for block in self._blocks(path):
            count += len(block)
            comma, dot = comma or b"," in block.data, dot or b"." in block.data
        # the first points may be of whole numbers alone
        late = b"," if comma and not dot and self.head.dialect.separator != b"," else b"."
        return count, self.head.dialect.point or late
