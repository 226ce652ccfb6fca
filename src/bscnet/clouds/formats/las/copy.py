"""A LAS file from a LAS file: all that the source has, bit for bit, with labels in the place of its classification."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from bscnet.clouds.columns import COLORS
from bscnet.clouds.fields import Rows
from bscnet.clouds.formats.las import laz
from bscnet.clouds.formats.las.classes import CLASSIFICATION, class_table
from bscnet.clouds.formats.las.copied_extras import copied_extras
from bscnet.clouds.formats.las.draft import LasDraft, Span, extras_record, text_record
from bscnet.clouds.formats.las.header import field, put
from bscnet.clouds.formats.las.reader import LasFile
from bscnet.clouds.formats.las.records import CLASS_NAMES, COPC, EXTRA_BYTES, LASZIP, SPEC, Record, find, made
from bscnet.clouds.points import Survey
from bscnet.clouds.writer import LABEL, Columns, Target
from bscnet.errors import InputError

_REMADE = {(LASZIP, laz.RECORD), (SPEC, EXTRA_BYTES), (COPC, 1), (COPC, 1000)}
"""Records that are written anew, or tell of chunks of points that the copy does not have."""


class LasCopy(LasDraft):
    """Points with the bits of the source's, its header and its records.

    Only the counts of points are put right where they were not as LAS wants them, and indices of a COPC file, which
    tell of its chunks, are left out.

    Args:
        path: of the file that is to be written.
        source: where the points come from.
        target: what is to be written.

    Raises:
        InputError: colours are to be written, and the points cannot have any; too many dimensions.
    """

    def __init__(self, path: Path, source: LasFile, target: Target) -> None:
        self._source, self._target = source, target
        if target.recolored and COLORS[0] not in (one.name for one in source.fields):
            raise InputError(
                f"{path}: points of LAS format {source.header.point_format} have no place for colours: write them "
                "without, or in another format, .ply for example"
            )
        self._table = find([*source.before, *source.behind], SPEC, CLASS_NAMES)
        self._added = [one for one in target.added if one.name != LABEL]
        self._extras = copied_extras(source, self._added)
        self.layout = self._extras.layout
        extras = extras_record(path, self.layout, self._extras.descriptors)
        self.records = [*self._records(), extras, *text_record(target.comments)]
        end = max([len(source.header.block), *(one.end for one in source.before)])
        self.gap = Span(source.path, end, source.header.to_points - end)
        self.block = bytearray(source.header.block)

    def begin(self, survey: Survey, metres: tuple[float, float, float]) -> None:
        """Put the counts of points right; extent, scales and offsets are the source's."""
        header, block = self._source.header, self.block
        if header.minor < 4:
            return
        if not any(field(block, "returns")):
            put(block, "returns", *field(block, "legacy_returns"), *[0] * 10)
        if header.point_format >= 6 or field(block, "legacy_count") != header.count:
            put(block, "legacy_count", 0)
            put(block, "legacy_returns", *[0] * 5)
        put(block, "count", header.count)

    def points(self, rows: Rows, added: Columns) -> npt.NDArray[Any]:
        """The source's points with labels and the added values."""
        stored: npt.NDArray[Any] = rows.native
        points = np.zeros(len(stored), self.layout.dtype)
        raw, size = points.view(np.uint8).reshape(len(stored), -1), stored.dtype.itemsize
        raw[:, :size] = stored.view(np.uint8).reshape(len(stored), size)
        values = [rows.fields[CLASSIFICATION], *(added[one.name] for one in self._added)]
        for name, column in zip(self._extras.added, values, strict=True):
            self.layout.put(points, name, column)
        self.layout.put(points, CLASSIFICATION, added[LABEL].astype(np.uint8))
        if self._target.recolored:
            for color in COLORS:
                self.layout.put(points, color, added[color].astype(np.uint16) * 257)
        return points

    def finish(self, stream: BinaryIO) -> None:
        """Write the source's extended records and waveforms."""
        header = self._source.header
        left_out = self._table if self._target.class_names else None
        kept = [one for one in self._source.behind if (one.user, one.id) not in _REMADE and one is not left_out]
        places = {}
        for start, length in sorted(self._behind(kept)):
            places[start] = stream.tell()
            Span(self._source.path, start, length).write_to(stream)
        if header.minor >= 3 and header.waveform in places:
            put(self.block, "waveform", places[header.waveform])
        if header.num_evlrs:
            put(self.block, "num_evlrs", len(kept))
            put(self.block, "evlr_start", places[kept[0].start] if kept else 0)

    def _records(self) -> Iterator[bytes | Span]:
        """The source's records before the points, with names of the classes."""
        names, path = self._target.class_names, self._source.path
        for one in self._source.before:
            if (one.user, one.id) not in _REMADE and not (names and one is self._table):
                yield Span(path, one.start, one.total)
        if names:
            table = class_table(b"" if self._table is None else self._table.data(path), names)
            yield made(SPEC, CLASS_NAMES, table, "Classification Lookup")

    def _behind(self, kept: list[Record]) -> Iterator[tuple[int, int]]:
        """Start and length of what stands behind the source's points."""
        for one in kept:
            yield one.start, one.total
        header, records, size = self._source.header, self._source.behind, self._source.path.stat().st_size
        wave, first = header.waveform, header.to_points + 1 if header.compressed else header.end
        if first <= wave < size and all(one.start != wave for one in records):
            yield wave, min((one.start for one in records if one.start > wave), default=size) - wave
