"""LAS and LAZ, versions 1.0 to 1.5; laspy knows the dimensions of points, lazrs unpacks them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from bscnet.clouds.fields import Rows
from bscnet.clouds.file import CloudFile
from bscnet.clouds.formats.las import laz
from bscnet.clouds.formats.las.classes import table_names
from bscnet.clouds.formats.las.extent import check_extent
from bscnet.clouds.formats.las.extra import DESCRIPTOR, Extra, described, undescribed
from bscnet.clouds.formats.las.header import read_header
from bscnet.clouds.formats.las.layout import PointLayout
from bscnet.clouds.formats.las.laz_layers import selection
from bscnet.clouds.formats.las.records import (
    CLASS_NAMES,
    EXTRA_BYTES,
    LASZIP,
    SPEC,
    TEXT,
    Record,
    find,
    records_before,
    records_behind,
)
from bscnet.clouds.formats.las.units import stated_units
from bscnet.errors import InputError

_WHOLE_CHUNK = 1_000_000


class LasFile(CloudFile):
    """Points with scale and offset applied in float64, and all other dimensions by laspy's names.

    Bytes behind the dimensions that the file describes are the field "ExtraBytes". `Rows.native` of rows with all
    fields: the points as they are stored, an array (P,) of `layout.dtype`.

    Args:
        path: of the file.

    Attributes:
        header: the file's.
        before, behind: its variable length records, before the points and behind them.
        layout: of its points.
        descriptors: data of the record that describes the extra dimensions; empty where there is none that fits.

    Raises:
        InputError: damaged, truncated, of an unknown version or unit, or with other points than its header counts.
    """

    can_state_units = True

    def __init__(self, path: Path) -> None:
        self.header = header = read_header(path)
        self.before = records_before(path, header)
        self._laszip = b""
        standard = PointLayout(header.point_format).dtype.itemsize
        if header.point_size < standard:
            raise InputError(
                f"{path}: damaged, its points have {header.point_size} bytes, those of format {header.point_format} "
                f"have at least {standard}"
            )
        self.behind = records_behind(path, header)
        if header.compressed:
            record = find(self.before, LASZIP, laz.RECORD)
            self._laszip = b"" if record is None else record.data(path)
            laz.check_chunks(path, header, self._laszip)
        else:
            check_extent(path, header, self.behind)
        records = [*self.before, *self.behind]
        self.descriptors, extras = _extras(path, records, header.point_size - standard)
        self.layout = PointLayout(header.point_format, extras)
        super().__init__(path, header.count, self.layout.fields)
        self.units, self.height_units = stated_units(path, header, records)
        self.comments = tuple(
            line
            for record in records
            if (record.user, record.id) == (SPEC, TEXT)
            for line in record.data(path).split(b"\0")[0].decode(errors="replace").splitlines()
            if line.strip()
        )

    @property
    def class_names(self) -> Mapping[int, str]:
        """Names of the file's table of classes; else those in its text."""
        table = find([*self.before, *self.behind], SPEC, CLASS_NAMES)
        return super().class_names if table is None else table_names(table.data(self.path))

    @property
    def whole_chunk(self) -> int:
        """Points of a chunk when all are read: few, as the points as they are stored come beside their fields."""
        return _WHOLE_CHUNK

    def _rows(self, size: int, names: frozenset[str]) -> Iterator[Rows]:
        wanted = [field.name for field in self.fields if field.name in names]
        first = 0
        with self.path.open("rb") as stream:
            stream.seek(self.header.to_points)
            for points in self._stored(stream, size, wanted):
                values = {name: self._values(points, name) for name in wanted}
                yield Rows(first, values, points if len(wanted) == len(self.fields) else None)
                first += len(points)

    def _values(self, points: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
        return self.layout.values(points, name, self.header.scales, self.header.offsets)

    def _stored(self, stream: BinaryIO, size: int, names: Sequence[str]) -> Iterator[npt.NDArray[Any]]:
        if self.header.compressed:
            import lazrs

            unpacker = lazrs.LasZipDecompressor(stream, self._laszip, selection(names))
        for first in range(0, self.count, size):
            points = np.empty(min(size, self.count - first), self.layout.dtype)
            raw = points.view(np.uint8)
            if self.header.compressed:
                unpacker.decompress_many(raw)
            else:
                points = points[: stream.readinto(raw) // self.layout.dtype.itemsize]  # type: ignore[attr-defined]
            yield points


def _extras(path: Path, records: Sequence[Record], room: int) -> tuple[bytes, list[Extra]]:
    """Descriptors of the extra dimensions, where there are some that fit, and all extra dimensions.

    One record has all descriptors; where a program added its own in a second one, they count if they fit, too.
    """
    found = [record.data(path) for record in records if (record.user, record.id) == (SPEC, EXTRA_BYTES)]
    parts = [data[: len(data) // DESCRIPTOR * DESCRIPTOR] for data in found]
    for data in (b"".join(parts), *parts[:1]):
        extras = described(data, room)
        if extras is not None:
            return data, [*extras, *undescribed(room - sum(extra.size for extra in extras))]
    return b"", undescribed(room)
