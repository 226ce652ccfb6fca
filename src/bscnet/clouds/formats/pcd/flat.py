"""Any cloud as fields of a PCD file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.columns import AXES, COLORS, sources
from bscnet.clouds.fields import Field, Rows
from bscnet.clouds.file import CloudFile
from bscnet.clouds.formats.pcd.head import plain_names, type_for
from bscnet.clouds.formats.pcd.header import PcdField
from bscnet.clouds.formats.pcd.packed import PACKED_NAMES, repacked
from bscnet.clouds.writer import Columns, flat_columns, flat_fields, moved_names


class FlatFields:
    """A cloud's columns in the nearest types that PCD has.

    Colours that are whole numbers up to 255 are packed into one field, rgb, as PCL has them; others stay red, green
    and blue, so that nothing of them is lost. So do those beside which other columns would pass for colours, as a
    reader takes packed ones last of all.

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
            small = self._painted or (largest == "255" and self._are_bytes(kinds))
            self._packed = small and not _hold_colors([name for name in kinds if name not in COLORS])
            if self._painted:
                kinds |= dict.fromkeys(COLORS, np.dtype(np.uint8))
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
        if self._painted:
            flat |= {color: shades[color] for color in COLORS}
        parts = [flat[name].astype(dtype)[:, None] for name, dtype in self._kinds.items()]
        if self._packed:
            channels = [flat[color] for color in COLORS]
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


def _hold_colors(names: Collection[str]) -> bool:
    """Whether a reader finds colours among columns of those names, x, y and z among them."""
    return COLORS[0] in sources(Path("cloud.pcd"), [Field(name, np.dtype(np.float32)) for name in names])
