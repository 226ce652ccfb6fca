"""Any cloud as arrays."""

from __future__ import annotations

import zipfile
from collections.abc import Collection

import numpy as np

from bscnet.clouds.columns import AXES, COLORS
from bscnet.clouds.fields import Rows
from bscnet.clouds.file import CloudFile
from bscnet.clouds.formats.npz.members import ENDING
from bscnet.clouds.formats.npz.output import SpooledArray, new_info
from bscnet.clouds.writer import Columns, flat_columns, flat_fields, moved_names

POINTS, SHADES = "points", "colors"
"""Names of the arrays (P, 3) of x, y, z and of red, green, blue."""


class FlatArrays:
    """A cloud as `points` (P, 3), `colors` (P, 3) if it has colours, and its other columns by name.

    Args:
        source: the cloud.
        painted: whether its colours are given others.
    """

    def __init__(self, source: CloudFile, painted: bool) -> None:
        self._source, self._painted = source, painted
        kinds = {one.name: one.dtype for one in flat_fields(source)}
        self._triples = {POINTS: AXES} | ({SHADES: COLORS} if COLORS[0] in kinds else {})
        self._arrays: dict[str, SpooledArray] = {}
        for name, columns in self._triples.items():
            dtype = np.result_type(*(kinds.pop(column) for column in columns))
            self._arrays[name] = SpooledArray(np.dtype(np.uint8) if painted and name == SHADES else dtype, (3,))
        self._others = {name: SpooledArray(dtype) for name, dtype in kinds.items()}

    def add(self, rows: Rows, shades: Columns) -> None:
        """The next points; shades: red, green and blue (uint8) if they are painted."""
        flat = flat_columns(self._source, rows)
        if self._painted:
            flat.update({color: shades[color] for color in COLORS})
        for name, columns in self._triples.items():
            self._arrays[name].add(np.stack([flat[column] for column in columns], axis=1))
        for name, array in self._others.items():
            array.add(flat[name])

    def put(self, archive: zipfile.ZipFile, added: Collection[str]) -> None:
        """Write the arrays; columns whose names are of other arrays get others."""
        taken = [*self._triples, *added]
        # x, y and z or all three colours by themselves would pass for the points or the colours
        names = {name.lower() for name in self._others}
        taken += [name for triple in (AXES, COLORS) if names.issuperset(triple) for name in triple]
        moved = moved_names(self._others, taken)
        spelled = _spelled([moved.get(name, name) for name in self._others], added)
        arrays = self._arrays | dict(zip(spelled, self._others.values(), strict=True))
        for name, array in arrays.items():
            array.put(archive, new_info(name, zipfile.ZIP_STORED))


def _spelled(names: Collection[str], added: Collection[str]) -> list[str]:
    """The names, but none that ends as members do: np.load does not tell "a.npy" from "a"."""
    found: list[str] = []
    for name in names:
        other = f"{name.removesuffix(ENDING)}_npy" if name.endswith(ENDING) else name
        while other != name and other in (*names, *added, *found):
            other += "_"
        found.append(other)
    return found
