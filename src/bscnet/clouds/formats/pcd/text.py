"""The points of PCD files that are text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.formats.pcd.header import Header
from bscnet.clouds.formats.text.cells import cells_of
from bscnet.clouds.formats.text.dialect import Dialect
from bscnet.clouds.formats.text.encoding import Encoding, decoded
from bscnet.clouds.formats.text.lines import BLANKS, blocks
from bscnet.clouds.formats.text.points import Block, in_parts, point_blocks
from bscnet.clouds.formats.text.values import value_of, values_of
from bscnet.errors import InputError

_WHOLE = re.compile(rb"[-+]?\d{1,40}")
_EXACT = 2.0**53
"""From here on doubles pass over whole numbers."""


@dataclass(frozen=True)
class TextPoints:
    """Lines of values between blanks, one a point.

    Attributes:
        path: of the file.
        header: of the file.
    """

    path: Path
    header: Header

    @property
    def dialect(self) -> Dialect:
        """How a line is written."""
        return Dialect(b"", self.header.width)

    def parts(self, size: int, places: Collection[int]) -> Iterator[tuple[bytes, dict[int, npt.NDArray[Any]]]]:
        """The points, `size` at a time: their lines, each ended by a line feed, and some of the fields.

        Args:
            size: points at once.
            places: of the fields.

        Returns:
            Of each field (points, count): real numbers as doubles, whatever the field's size, whole ones in its type.

        Raises:
            InputError: a line has another number of values than the header tells, one is none that its field may
                hold, or there are more lines than points.
        """
        more: list[int] = []
        for part in in_parts(self._blocks(more), size):
            found = [self._fields(block, places) for block in part if len(block)]
            fields = {place: np.concatenate([one[place] for one in found]) for place in places}
            yield b"".join(block.data for block in part), fields
        if more:
            points = self.header.points
            raise InputError(f"{self.path}: the header tells of {points} points, but {points + more[0]} follow")

    def _blocks(self, more: list[int]) -> Iterator[Block]:
        """The lines of the points; how many others come behind them is put into `more`."""
        texts = blocks(self.path, Encoding(), self.header.offset)
        found, left = point_blocks(texts, BLANKS, len(self.header.lines) + 1), self.header.points
        for block in found:
            if len(block) > left:
                more.append(len(block) - left + sum(map(len, found)))
                if left:
                    yield block.cut(left)[0]
                return
            left -= len(block)
            yield block

    def _fields(self, block: Block, places: Collection[int]) -> dict[int, npt.NDArray[Any]]:
        lines = block.points
        cells = cells_of(lines, len(block), self.dialect)
        if cells is None:
            raise self._fault(block, lines, places)
        found, first = {}, 0
        columns = [column for place in places for column in self._columns(place)]
        all_values, all_valid = cells.numbers(columns, b".")
        for place in places:
            dtype, part = self._kind(place), slice(first, first + self.header.fields[place].count)
            first = part.stop
            column, valid = _in_type(all_values[part], all_valid[part], dtype)
            for row in np.flatnonzero(~valid.all(axis=1)).tolist():
                odd = np.flatnonzero(~valid[row])
                words = cells.words(odd, columns[part.start + row])
                plain = values_of(words) if dtype.kind == "f" else None
                mended: Sequence[float | None] = plain or [_value(word, dtype) for word in words]
                if None in mended:
                    raise self._fault(block, lines, places)
                column[row, odd] = mended
            found[place] = column.T
        return found

    def _kind(self, place: int) -> np.dtype[Any]:
        dtype = self.header.fields[place].dtype
        return np.dtype(np.float64) if dtype.kind == "f" else dtype.newbyteorder("=")

    def _columns(self, place: int) -> list[int]:
        """Which words of a line are a field."""
        first = sum(field.count for field in self.header.fields[:place])
        return list(range(first, first + self.header.fields[place].count))

    def _fault(self, block: Block, lines: bytes, places: Collection[int]) -> InputError:
        """What is wrong with the first line that is not as it must be, in whatever blocks the lines are read."""
        columns = [(place, column) for place in sorted(places) for column in self._columns(place)]
        for row, line in enumerate(lines.split(b"\n")[:-1]):
            where = f"{self.path}: line {block.number(row)}"
            spans = self.dialect.spans(line)
            if spans is None:
                return InputError(f"{where} is no point, which has {self.header.width} values between blanks here")
            for place, column in columns:
                word, dtype = line[slice(*spans[column])], self._kind(place)
                if _value(word, dtype) is None:
                    kind = "a number" if dtype.kind == "f" else f"a whole number that {dtype} holds"
                    name = self.header.fields[place].name[:40]
                    return InputError(f"{where} has '{decoded(word)[:40]}' in the field '{name}', {kind} is needed")
        raise AssertionError("lines are read in two ways")


def _in_type(
    values: npt.NDArray[np.float64], valid: npt.NDArray[np.bool_], dtype: np.dtype[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Valid values in a field's type, and which of them are valid still, as it holds them for certain."""
    if dtype.kind == "f":
        return values, valid
    limits = np.iinfo(dtype)
    held = (values >= limits.min) & (values <= limits.max) & (np.abs(values) < _EXACT) & (values == np.floor(values))
    return np.where(valid & held, values, 0).astype(dtype), valid & held


def _value(word: bytes, dtype: np.dtype[Any]) -> float | int | None:
    """What a word stands for; None where the type does not hold it."""
    value = value_of(word, b".")
    if dtype.kind == "f" or value is None:
        return value
    limits = np.iinfo(dtype)
    exact = int(word) if _WHOLE.fullmatch(word) else value
    sound = limits.min <= exact <= limits.max and (isinstance(exact, int) or abs(exact) < _EXACT)
    return int(exact) if sound and exact == int(exact) else None
