"""Where the points of a PCD file that is being written go."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from bscnet.clouds.formats.pcd.binary import SIZES
from bscnet.clouds.formats.pcd.header import PcdField
from bscnet.clouds.formats.spool import Spool

Parts = Sequence[npt.NDArray[Any]]
"""(points, count) of each field."""

_LIMIT = 2**32
_LONGEST_LZF = 33 / 32
"""What stays as it is takes one byte more for each 32."""


class Records:
    """Points one behind the other.

    Args:
        stream: where they go.
        fields: of a point.
    """

    def __init__(self, stream: BinaryIO, fields: Sequence[PcdField]) -> None:
        self._stream = stream
        self._record = np.dtype([(str(place), one.dtype, (one.count,)) for place, one in enumerate(fields)])

    def write(self, parts: Parts) -> None:
        """The next points."""
        table = np.empty(len(parts[0]), self._record)
        for place, part in enumerate(parts):
            table[str(place)] = part
        self._stream.write(table.tobytes())

    def finish(self) -> None:
        """Nothing is left to do."""


class Compressed:
    """Points field after field, as one block of LZF; on the way they are in a temporary file.

    Args:
        stream: where they go.
        fields: of a point.
        points: how many there will be.
    """

    def __init__(self, stream: BinaryIO, fields: Sequence[PcdField], points: int) -> None:
        self._stream = stream
        sizes = [one.dtype.itemsize * one.count for one in fields]
        self._full = points * sum(sizes)
        self._places = (points * np.cumsum([0, *sizes[:-1]])).tolist()
        self._fields = fields
        self._spool = Spool()

    def write(self, parts: Parts) -> None:
        """The next points."""
        for place, (one, part) in enumerate(zip(self._fields, parts, strict=True)):
            raw = np.ascontiguousarray(part, one.dtype).tobytes()
            self._spool.file.seek(self._places[place])
            self._spool.file.write(raw)
            self._places[place] += len(raw)

    def finish(self) -> None:
        """Compress them."""
        from imagecodecs import lzf_encode

        self._spool.file.flush()
        with mmap.mmap(self._spool.file.fileno(), self._full, access=mmap.ACCESS_READ) as raw:
            packed = lzf_encode(raw, header=False, out=int(self._full * _LONGEST_LZF) + 64)
        self._stream.write(SIZES.pack(len(packed), self._full))
        self._stream.write(packed)


def can_compress(fields: Sequence[PcdField], points: int) -> bool:
    """Whether the codec is there and the format's 32-bit sizes hold the points."""
    full = points * sum(one.dtype.itemsize * one.count for one in fields)
    if int(full * _LONGEST_LZF) + 64 >= _LIMIT:
        return False
    try:
        import imagecodecs  # noqa: F401
    except ImportError:
        return False
    return True
