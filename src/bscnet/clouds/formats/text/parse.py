"""Columns of numbers and of words from lines of text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bscnet.clouds.cloud import Column
from bscnet.clouds.columns import AXES
from bscnet.clouds.formats.text.cells import cells_of
from bscnet.clouds.formats.text.columns import REMEDY
from bscnet.clouds.formats.text.dialect import Dialect, unquoted
from bscnet.clouds.formats.text.encoding import decoded
from bscnet.clouds.formats.text.points import Block
from bscnet.clouds.formats.text.values import is_missing, value_of, values_of
from bscnet.errors import InputError

_TOLD = 60
"""Characters of a line that an error shows."""


@dataclass(frozen=True)
class LineParser:
    """Reads the values of a file's points.

    Attributes:
        path: of the file, for the errors.
        dialect: of its lines.
        names: of its columns.
        words: places of the columns that hold words.
    """

    path: Path
    dialect: Dialect
    names: Sequence[str]
    words: Collection[int]

    def parse(self, block: Block, wanted: Collection[int]) -> dict[int, Column]:
        """Columns of some lines by their places: float64, or object where they hold words.

        Raises:
            InputError: a line has another number of values than the first point, or one of them is no number.
        """
        lines = block.points
        cells = cells_of(lines, len(block), self.dialect)
        numbers = sorted(place for place in wanted if place not in self.words)
        if cells is None:
            raise self._fault(block, lines, numbers)
        values, valid = cells.numbers(numbers, self.dialect.point)
        for row in np.flatnonzero(~valid.all(axis=1)).tolist():
            odd = np.flatnonzero(~valid[row])
            mended = self._mended(cells.words(odd, numbers[row]), numbers[row])
            if None in mended:
                raise self._fault(block, lines, numbers)
            values[row, odd] = mended
        found: dict[int, Column] = dict(zip(numbers, values, strict=True))
        for place in set(wanted) & set(self.words):
            texts = [decoded(word) for word in cells.words(np.arange(len(block)), place)]
            found[place] = np.array(texts, object)
        return found

    def _mended(self, words: Sequence[bytes], place: int) -> Sequence[float | None]:
        """What words stand for that are not plain decimal numbers of few digits; None where they are no numbers."""
        plain = values_of(words) if self.dialect.point == b"." else None
        return plain or [self._value(word, place) for word in words]

    def _value(self, word: bytes, place: int) -> float | None:
        value = value_of(word, self.dialect.point)
        if value is None and is_missing(word) and self.names[place].lower() not in AXES:
            return np.nan
        return value

    def _fault(self, block: Block, lines: bytes, numbers: Sequence[int]) -> InputError:
        """What is wrong with the first line that is not as it must be, in whatever blocks the lines are read."""
        for row, line in enumerate(lines.split(b"\n")[:-1]):
            spans = self.dialect.spans(line)
            where = f"{self.path}: line {block.number(row)}"
            if spans is None and line.count(b'"') % 2:
                return InputError(f"{where} has a quote that is not closed")
            if spans is None:
                count, sign = self.dialect.columns, self.dialect.sign
                told = repr(decoded(line)[:_TOLD])  # escaped: signs that are not seen are a cause of this
                return InputError(f"{where} is no point of {count} values between {sign} as the first one is: {told}")
            words = {place: unquoted(line[slice(*spans[place])]) for place in numbers}
            bad = next((place for place, word in words.items() if self._value(word, place) is None), None)
            if bad is not None:
                return InputError(f"{where} has {self._told(words[bad], bad)}")
        raise AssertionError("lines are read in two ways")

    def _told(self, word: bytes, place: int) -> str:
        name = self.names[place]
        remedy = "" if name.lower() in AXES else f"; where a column holds words, name the columns by {REMEDY}"
        told = f"'{decoded(word)[:40]}'" if word else "nothing"
        return (
            f"{told} in the column '{name[:40]}', a decimal number with '{self.dialect.point.decode()}' and without "
            f"thousands separators is needed{remedy}"
        )
