"""LAS and LAZ by laspy and lazrs, which `pip install 'bscnet[predict]'` brings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bscnet.data.scan import grey
from bscnet.datasets.folder.cloud import COLORS, find_column
from bscnet.datasets.folder.formats import one_sentence
from bscnet.datasets.folder.formats.las import checked, stated_units
from bscnet.errors import InputError
from bscnet.prediction.cloud import Chunk, CloudFile

if TYPE_CHECKING:
    import laspy

_AT_ONCE = 1_000_000


def open_file(path: Path, colored: bool, values: Sequence[str]) -> LasFile:
    """See `bscnet.prediction.formats.open_cloud`; the file is decoded once more for the range of its colours."""
    return LasFile(path, colored, values)


class LasFile(CloudFile):
    """Points with scale and offset applied in float64; what is not asked for is passed over.

    Colours are 16-bit, of which the high byte is taken; where none is above 255 they were written with 8 bits.
    """

    def __init__(self, path: Path, colored: bool, values: Sequence[str]) -> None:
        self.path = path
        with self._opened() as reader:
            names = list(reader.header.point_format.dimension_names)
            count, self.units = reader.header.point_count, stated_units(reader.header)
        if count == 0:
            raise InputError(f"{path}: the file has no points, but at least one is needed")
        if colored and not set(COLORS) <= set(names):
            raise InputError(f"{path}: the points have no colours, the network needs them")
        super().__init__(path, count, np.dtype(np.float64))
        self._values = {name: self._dimension(names, name) for name in values}
        self._colored = colored
        self._shift = 8 if colored and self._largest_color() > 255 else 0

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All points, `size` at a time."""
        for points in self._parts(size):
            x, y, z = (np.array(getattr(points, axis)) for axis in "xyz")
            colors = (self._raw_colors(points) >> self._shift).astype(np.uint8) if self._colored else grey(len(x))
            values = {name: np.array(points[dimension]) for name, dimension in self._values.items()}
            yield Chunk((x, y, z), colors, values)

    def _parts(self, size: int) -> Iterator[laspy.ScaleAwarePointRecord]:
        with self._opened() as reader:
            left = self.num_points
            for points in reader.chunk_iterator(size):
                left -= len(points)
                yield points
            if left:
                raise InputError(
                    f"{self.path}: the file is truncated, {left} of its {self.num_points} points are missing"
                )

    @contextmanager
    def _opened(self) -> Iterator[laspy.LasReader]:
        with one_sentence(self.path, "predict"), checked(self.path) as reader:
            yield reader

    def _dimension(self, names: Sequence[str], name: str) -> str:
        found = find_column(names, name)
        if found is None:
            raise InputError(f"{self.path}: the points have no '{name}', the network needs it")
        return found

    def _largest_color(self) -> int:
        return max(int(self._raw_colors(points).max()) for points in self._parts(_AT_ONCE))

    @staticmethod
    def _raw_colors(points: Any) -> npt.NDArray[np.uint16]:
        return np.stack([np.array(points[name]) for name in COLORS], axis=1)
