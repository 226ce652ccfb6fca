"""Any cloud as fields of a PCD file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.columns import AXES, COLORS
from bscnet.clouds.fields import Rows
from bscnet.clouds.file import CloudFile
from bscnet.clouds.formats.pcd.head import plain_names, type_for
from bscnet.clouds.formats.pcd.header import PcdField
from bscnet.clouds.formats.pcd.packed import PACKED_NAMES, repacked
from bscnet.clouds.writer import Columns, flat_columns, flat_fields, moved_names


class FlatFields:
    """A cloud's columns in the nearest types that PCD has.

    Colours that are whole numbers up to 255 are packed into one field, rgb, as PCL has them; others stay red, green
    and blue, so that nothing of them is lost.

    Args:
        source: the cloud.
        added: fields that come behind.
        painted: whether the cloud's colours are given others.
    """

    def __init__(self, source: CloudFile, added: Sequence[PcdField], painted: bool) -> None:
        self._source, self._added, self._painted = source, added, painted
        self._packed = False
        self._kinds: dict[str, np.dtype[Any]] = {}

    def chosen(self, largest: str) -> list[PcdField]:
        """The fields; largest: value that the cloud's colours reach to, a word of `colors.RANGES`."""
        kinds = {one.name: one.dtype for one in flat_fields(self._source)}
        if COLORS[0] in kinds:
            self._packed = self._painted or (largest == "255" and self._are_bytes(kinds))
        self._kinds = {name: type_for(dtype) for name, dtype in kinds.items() if name not in COLORS or not self._packed}
        names = plain_names(self._kinds)
        # what is called rgb and is no packed colours must not pass for them
        moved = moved_names(names, [*PACKED_NAMES, *(one.name for one in self._added)])
        dtypes = self._kinds.values()
        fields = [PcdField(moved.get(name, name), dtype) for name, dtype in zip(names, dtypes, strict=True)]
        if self._packed:
            fields.insert(len(AXES), PcdField(PACKED_NAMES[0], np.dtype("<u4")))
        return fields

    def values(self, rows: Rows, shades: Columns) -> list[npt.NDArray[Any]]:
        """The next points: (points, 1) of each field; shades: red, green and blue (uint8) if they are painted."""
        flat = flat_columns(self._source, rows)
        parts = [flat[name].astype(dtype)[:, None] for name, dtype in self._kinds.items()]
        if self._packed:
            channels = [(shades if self._painted else flat)[color] for color in COLORS]
            parts.insert(len(AXES), repacked(np.zeros(len(rows), np.uint32), *channels)[:, None])
        return parts

    def _are_bytes(self, kinds: Mapping[str, np.dtype[Any]]) -> bool:
        """Whether all colours are whole numbers from 0 to 255; those of points that are left out are no exception."""
        if all(kinds[color] == np.uint8 for color in COLORS):
            return True
        return all(
            ((channel >= 0) & (channel <= 255) & (np.floor(channel) == channel)).all()
            for cloud in self._source.chunks(names=COLORS)
            for channel in cloud.colors
        )
