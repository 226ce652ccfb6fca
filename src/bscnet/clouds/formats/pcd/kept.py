"""A PCD file given back as it is, with fields behind its own."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.colors import of_eight_bit
from bscnet.clouds.columns import COLORS
from bscnet.clouds.fields import Rows
from bscnet.clouds.formats.pcd.packed import bits_of_text, repacked
from bscnet.clouds.formats.pcd.reader import PcdFile
from bscnet.clouds.formats.text.lines import BLANKS
from bscnet.clouds.formats.text.respelled import respelled, words_of
from bscnet.clouds.writer import Columns
from bscnet.errors import InputError

Array = npt.NDArray[Any]


class KeptFields:
    """The points of a PCD file with values behind their own.

    Args:
        file: the file.
        painted: whether its colours are given others.

    Raises:
        InputError: the colours' type does not hold 0 to 255.
    """

    def __init__(self, file: PcdFile, painted: bool) -> None:
        self._file = file
        sources = [file.columns[color] for color in COLORS] if painted else []
        # a file with lost colours has them packed, whatever its fields here are called
        packed = file.colors is not None and (file.colors.lost or any(one.shift is not None for one in sources))
        self._packed = file.colors if painted and packed else None
        self._single: list[tuple[int, int, str]] = []  # place of the field, which of its values, colour
        if painted and not packed:
            names = [field.name for field in file.header.fields]
            self._single = [
                (names.index(source.field), source.item or 0, color)
                for source, color in zip(sources, COLORS, strict=True)
            ]
        for place, _, _ in self._single:
            field = file.header.fields[place]
            if field.dtype == np.int8:
                raise InputError(
                    f"{file.path}: the field '{field.name}' has TYPE I and SIZE 1, which do not hold the colours of "
                    "classes, 0 to 255; it must be of TYPE U"
                )

    def records(self, rows: Rows, added: Columns, shades: Columns, largest: str) -> list[Array]:
        """The next points of a file that is not text: (points, count) of each field.

        Args:
            rows: of the file.
            added: the values behind its own, in types of PCD.
            shades: red, green and blue (uint8) if they are painted.
            largest: value that the file's own colours reach to, a word of `colors.RANGES`.
        """
        parts = list(rows.native)
        if self._packed is not None:
            bits = parts[self._packed.place][:, 0]
            parts[self._packed.place] = repacked(bits, *(shades[color] for color in COLORS))[:, None]
        for place, item, color in self._single:
            parts[place] = parts[place].copy()
            parts[place][:, item] = of_eight_bit(shades[color], largest, parts[place].dtype)
        return [*parts, *(column[:, None] for column in added.values())]

    def lines(self, rows: Rows, added: Columns, shades: Columns, largest: str) -> bytes:
        """The next points of a file that is text; see `records`. Empty lines stay where they are."""
        lines: list[bytes] = rows.native.split(b"\n")[:-1]
        places = [place for place, line in enumerate(lines) if line.strip(BLANKS)]
        points = [lines[place] for place in places]
        if self._packed is not None or self._single:
            points = self._repainted(points, shades, largest)
        for place, *words in zip(places, points, *map(_words, added.values()), strict=True):
            lines[place] = b" ".join(words)
        data = self._file.header.lines[-1]
        end = data[len(data.rstrip()) :].lstrip(b" \t")
        return b"".join([line + end for line in lines])

    def _repainted(self, points: list[bytes], shades: Columns, largest: str) -> list[bytes]:
        """Lines of points with other words where the colours are."""
        text, header = self._file.text, self._file.header
        assert text is not None, "only text has lines"
        starts = np.cumsum([0, *(field.count for field in header.fields)]).tolist()
        if self._packed is not None:
            column = starts[self._packed.place]
            words = {column: self._packed_words(words_of(points, text.dialect, column), shades)}
        else:
            words = {
                starts[place] + item: _words(of_eight_bit(shades[color], largest, header.fields[place].dtype))
                for place, item, color in self._single
            }
        return respelled(points, text.dialect, words)

    def _packed_words(self, old: list[bytes], shades: Columns) -> list[bytes]:
        """The words of packed colours, in the manner of those that stand there."""
        assert self._packed is not None, "there are packed colours"
        dtype = self._file.header.fields[self._packed.place].dtype
        channels = [shades[color] for color in COLORS]
        if dtype.kind != "f":
            return _words(repacked(np.array(list(map(int, old)), dtype), *channels))
        bits = repacked(bits_of_text(self._packed, np.array(list(map(float, old)))), *channels)
        if bits.dtype.kind == "f":
            # with these upper eight bits it is no number, and the text would not tell which one it is not
            bits = np.where(np.isnan(bits), repacked(np.zeros_like(bits), *channels), bits)
        return _words(bits)


def _words(values: Array) -> list[bytes]:
    """Each as the shortest text that gives it back in its type."""
    words: list[bytes] = values.astype("S").tolist()
    return words
