"""Columns of numbers and of words from lines of text."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bscnet.clouds.cloud import Column
from bscnet.clouds.columns import AXES
from bscnet.clouds.formats.text_cells import Cells, cells_of
from bscnet.clouds.formats.text_columns import REMEDY
from bscnet.clouds.formats.text_dialect import Dialect
from bscnet.clouds.formats.text_encoding import decoded
from bscnet.clouds.formats.text_points import Block
from bscnet.clouds.formats.text_values import is_missing, value_of, values_of
from bscnet.errors import InputError


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
        if cells is None:
            raise self._bad_line(block, lines)
        numbers = [place for place in wanted if place not in self.words]
        values, valid = cells.numbers(numbers, self.dialect.point)
        found: dict[int, Column] = dict(zip(numbers, values, strict=True))
        for row in np.flatnonzero(~valid.all(axis=1)):
            self._mend(block, cells, numbers[row], values[row], np.flatnonzero(~valid[row]))
        for place in set(wanted) & set(self.words):
            texts = [decoded(word) for word in cells.words(np.arange(len(block)), place)]
            found[place] = np.array(texts, object)
        return found

    def _mend(self, block: Block, cells: Cells, place: int, values: Column, lines: Column) -> None:
        """Fill in the values that are not plain decimal numbers of few digits."""
        words = cells.words(lines, place)
        plain = values_of(words) if self.dialect.point == b"." else None
        if plain is not None:
            values[lines] = plain
            return
        for line, word in zip(lines.tolist(), words, strict=True):
            values[line] = self._value(block, line, place, word)

    def _value(self, block: Block, line: int, place: int, word: bytes) -> float:
        value = value_of(word, self.dialect.point)
        axis = self.names[place].lower() in AXES
        if value is None and is_missing(word) and not axis:
            return np.nan
        if value is None:
            told = f"'{decoded(word)[:40]}'" if word else "nothing"
            remedy = "" if axis else f"; where a column holds words, name the columns by {REMEDY}"
            raise InputError(
                f"{self.path}: line {block.number(line)} has {told} in the column '{self.names[place]}', a decimal "
                f"number with '{self.dialect.point.decode()}' and without thousands separators is needed{remedy}"
            )
        return value

    def _bad_line(self, block: Block, lines: bytes) -> InputError:
        for place, line in enumerate(lines.split(b"\n")[:-1]):
            if self.dialect.spans(line) is None:
                if line.count(b'"') % 2:
                    return InputError(f"{self.path}: line {block.number(place)} has a quote that is not closed")
                return InputError(
                    f"{self.path}: line {block.number(place)} is no point of {self.dialect.columns} values between "
                    f"{self.dialect.sign} as the first one is"
                )
        raise AssertionError("lines are taken apart in two ways")
