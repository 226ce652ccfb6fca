"""The points of PCD files that are text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.formats.pcd_header import Header, PcdField
from bscnet.clouds.formats.text_cells import cells_of
from bscnet.clouds.formats.text_dialect import Dialect
from bscnet.clouds.formats.text_encoding import Encoding, decoded
from bscnet.clouds.formats.text_lines import BLANKS, blocks
from bscnet.clouds.formats.text_points import Block, in_parts, point_blocks
from bscnet.clouds.formats.text_values import value_of, values_of
from bscnet.errors import InputError

_WHOLE = re.compile(rb"[-+]?\d{1,40}")
_EXACT = 2.0**53


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
        texts = blocks(self.path, Encoding(), self.header.offset)
        parts = in_parts(point_blocks(texts, BLANKS, len(self.header.lines) + 1), size)
        done, points = 0, self.header.points
        for part in parts:
            done += sum(map(len, part))
            if done > points:
                done += sum(len(block) for others in parts for block in others)
                raise InputError(f"{self.path}: the header tells of {points} points, but {done} follow")
            found = [self._fields(block, places) for block in part if len(block)]
            fields = {place: np.concatenate([one[place] for one in found]) for place in places}
            yield b"".join(block.data for block in part), fields

    def _fields(self, block: Block, places: Collection[int]) -> dict[int, npt.NDArray[Any]]:
        lines = block.points
        cells = cells_of(lines, len(block), self.dialect)
        if cells is None:
            raise self._bad_line(block, lines)
        starts = np.cumsum([0, *(field.count for field in self.header.fields)]).tolist()
        found = {}
        for place in places:
            field = self.header.fields[place]
            columns = list(range(starts[place], starts[place + 1]))
            values, valid = cells.numbers(columns, b".")
            dtype = np.dtype(np.float64 if field.dtype.kind == "f" else field.dtype.newbyteorder("="))
            column = self._whole(values, valid, dtype)
            for row in np.flatnonzero(~valid.all(axis=1)).tolist():
                odd = np.flatnonzero(~valid[row])
                words = cells.words(odd, columns[row])
                plain = values_of(words) if dtype.kind == "f" else None
                column[row, odd] = plain or [
                    self._value(block, line, field, word, dtype) for line, word in zip(odd.tolist(), words, strict=True)
                ]
            found[place] = column.T
        return found

    def _whole(
        self, values: npt.NDArray[np.float64], valid: npt.NDArray[np.bool_], dtype: np.dtype[Any]
    ) -> npt.NDArray[Any]:
        """The values in a field's type; those that it does not hold become invalid."""
        if dtype.kind == "f":
            return values
        limits = np.iinfo(dtype)
        valid &= (values >= limits.min) & (values <= limits.max) & (values == np.floor(values))
        return np.where(valid, values, 0).astype(dtype)

    def _value(self, block: Block, line: int, field: PcdField, word: bytes, dtype: np.dtype[Any]) -> float | int:
        value: float | int | None = value_of(word, b".")
        if dtype.kind != "f" and value is not None:
            limits = np.iinfo(dtype)
            exact = int(word) if _WHOLE.fullmatch(word) else value
            sound = limits.min <= exact <= limits.max and (isinstance(exact, int) or abs(exact) < _EXACT)
            value = int(exact) if sound and exact == int(exact) else None
        if value is None:
            kind = "a number" if dtype.kind == "f" else f"a whole number that {dtype} holds"
            raise InputError(
                f"{self.path}: line {block.number(line)} has '{decoded(word)[:40]}' in the field '{field.name[:40]}', "
                f"{kind} is needed"
            )
        return value

    def _bad_line(self, block: Block, lines: bytes) -> InputError:
        place = next(place for place, line in enumerate(lines.split(b"\n")) if self.dialect.spans(line) is None)
        return InputError(
            f"{self.path}: line {block.number(place)} is no point, which has {self.header.width} values between blanks "
            "here"
        )
