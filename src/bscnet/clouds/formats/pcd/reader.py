"""PCD of the Point Cloud Library, versions .5 to .7: ascii, binary and binary_compressed.

Open3D reads such files too, but makes other points of damaged ones without a word, and pypcd4 refuses the older
versions; hence this reader.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.columns import COLORS
from bscnet.clouds.fields import Field, Rows
from bscnet.clouds.file import CHUNK_POINTS, CloudFile
from bscnet.clouds.formats.pcd.binary import binary_parts, check_length, compressed_parts
from bscnet.clouds.formats.pcd.header import PADDING, read_header
from bscnet.clouds.formats.pcd.packed import Packed, bits_of_text, packed_place, spelled, unpacked
from bscnet.clouds.formats.pcd.text import TextPoints
from bscnet.errors import InputError


class PcdFile(CloudFile):
    """All fields of a PCD file but padding; a packed rgb or rgba is red, green and blue.

    Binary and text files are read a part at a time. A compressed file is unpacked whole by imagecodecs, which has to
    be installed: its points are one block.

    Text files write packed colours of TYPE F as the float whose bits they are, or as a whole number; a file whose
    values are all whole has numbers. That takes a look at the column when the file is opened. NaN there is a point
    without a colour, and the file then has fields red, green and blue with NaN in place of the packed one.

    `Rows.native`: of text the lines, each ended by a line feed; else (P, count) of each field, padding ones too, in the
    file's byte order.

    Args:
        path: of the file.

    Raises:
        InputError: as of `open_cloud`.
    """

    def __init__(self, path: Path) -> None:
        self.header = read_header(path)
        self.comments = self.header.comments
        if not self.header.points:
            raise InputError(f"{path}: the file has no points, but at least one is needed")
        self.text = TextPoints(path, self.header) if self.header.kind == "ascii" else None
        check_length(path, self.header)
        self.colors = self._packed()
        if self.colors is not None and not self.colors.lost:
            self.packed = (self.colors.name,)
        kept = (place for place, one in enumerate(self.header.fields) if one.name != PADDING)
        fields = [(place, field) for place in kept for field in self._fields(place)]
        self._place = {field.name: place for place, field in fields}
        super().__init__(path, self.header.points, tuple(field for _, field in fields))

    @property
    def whole_chunk(self) -> int:
        """A part of the points of text, which need not be in memory at once."""
        return self.count if self.text is None else min(self.count, CHUNK_POINTS)

    def _rows(self, size: int, names: frozenset[str]) -> Iterator[Rows]:
        places = {place for name, place in self._place.items() if name in names}
        first = 0
        for native, parts in self._parts(size, places):
            fields: dict[str, npt.NDArray[Any]] = {}
            for place in sorted(places):
                fields |= self._columns(place, parts[place])
            rows = Rows(first, fields, native)
            yield rows
            first += len(rows)

    def _parts(self, size: int, places: Collection[int]) -> Iterator[tuple[Any, Mapping[int, npt.NDArray[Any]]]]:
        if self.text is not None:
            yield from self.text.parts(size, places)
            return
        read = binary_parts if self.header.kind == "binary" else compressed_parts
        for parts in read(self.path, self.header, size):
            yield parts, dict(enumerate(parts))

    def _packed(self) -> Packed | None:
        place = packed_place(self.header)
        if place is None:
            return None
        field = self.header.fields[place]
        if self.text is None or field.dtype.kind != "f":
            return Packed(place, field.name)
        names = {one.name.lower() for one in self.header.fields}
        found = spelled(place, field.name, (part[place][:, 0] for _, part in self.text.parts(CHUNK_POINTS, [place])))
        return found if names.isdisjoint({*COLORS, "r", "g", "b"}) else None

    def _fields(self, place: int) -> list[Field]:
        """The fields of a cloud that one of the file is."""
        one = self.header.fields[place]
        dtype = one.dtype.newbyteorder("=")
        if self.colors is not None and place == self.colors.place and self.colors.lost:
            return [Field(color, np.dtype(np.float32)) for color in COLORS]
        if self.colors is not None and place == self.colors.place and self.colors.whole:
            dtype = np.dtype(np.uint32)
        return [Field(one.name, dtype, () if one.count == 1 else (one.count,))]

    def _columns(self, place: int, part: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
        """The values of `_fields`."""
        one = self.header.fields[place]
        column = part[:, 0] if one.count == 1 else part
        if self.text is None:
            return {one.name: column.astype(column.dtype.newbyteorder("="), copy=False)}
        if self.colors is None or place != self.colors.place or one.dtype.kind != "f":
            with np.errstate(over="ignore"):
                return {one.name: column.astype(one.dtype.newbyteorder("="), copy=False)}
        bits = bits_of_text(self.colors, column)
        if not self.colors.lost:
            return {one.name: bits}
        lost = np.isnan(column)
        return {name: np.where(lost, np.float32(np.nan), shade) for name, shade in unpacked(bits).items()}
