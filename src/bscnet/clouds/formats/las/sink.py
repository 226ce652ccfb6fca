"""Where the points of a LAS file are written to: as they are, or compressed by lazrs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from bscnet.clouds.formats.las.layout import PointLayout
from bscnet.clouds.formats.las.laz import RECORD
from bscnet.clouds.formats.las.records import LASZIP, made

Points = npt.NDArray[Any]

_ITEMS, _WAVE = 34, 9
"""Where the record of the compression has the parts of a point, 6 bytes each; the number of waveforms among them."""


class PointSink(ABC):
    """Takes the points that come behind the header: `write` for each part, then `finish`.

    Attributes:
        records: bytes of the records that must stand before the points.
    """

    records: tuple[bytes, ...] = ()

    @abstractmethod
    def write(self, points: Points) -> None:
        """Write points (P,) of the layout's type."""

    @abstractmethod
    def finish(self) -> None:
        """Write what belongs to the points; the stream is then behind all of it."""


class PlainPoints(PointSink):
    """Writes points as they are.

    Args:
        stream: the file.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, points: Points) -> None:
        """Write points (P,)."""
        self._stream.write(points.tobytes())

    def finish(self) -> None:
        """All is written."""


class PackedPoints(PointSink):
    """Compresses points.

    Args:
        stream: the file, seekable.
        layout: of the points.
    """

    def __init__(self, stream: BinaryIO, layout: PointLayout) -> None:
        import lazrs

        extra = sum(one.size for one in layout.extras.values())
        self._lazrs, self._kind = lazrs, lazrs.LazVlr.new_for_compression(layout.point_format, extra)
        self.records = (made(LASZIP, RECORD, _record(self._kind.record_data()), "lazrs"),)
        self._stream = _Witness(stream)
        self._packer: Any = None

    def write(self, points: Points) -> None:
        """Compress points (P,)."""
        self._start()
        with self._stream:
            self._packer.compress_many(points.view(np.uint8))

    def finish(self) -> None:
        """Write the last chunk and the table of all."""
        self._start()
        with self._stream:
            self._packer.done()

    def _start(self) -> None:
        if self._packer is None:  # it writes at once, where the stream is when the header is written
            with self._stream:
                self._packer = self._lazrs.LasZipCompressor(self._stream, self._kind)


def _record(data: bytes) -> bytes:
    """What is said of the compression, as LASzip wants it.

    Waveforms of the formats 4 and 5 have one way to be packed, which LASzip calls 1; lazrs (0.8.2) does that and calls
    it 2, which LASzip refuses.
    """
    record = bytearray(data)
    for place in range(_ITEMS, len(record) - 5, 6):
        if int.from_bytes(record[place : place + 2], "little") == _WAVE:
            record[place + 4 : place + 6] = (1).to_bytes(2, "little")
    return bytes(record)


class _Witness:
    """A stream that keeps the error which stopped it, as lazrs hides the reason in one of its own."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._error: OSError | None = None

    def write(self, block: bytes) -> int:
        try:
            return self._stream.write(block)
        except OSError as error:
            self._error = error
            raise

    def seek(self, place: int, whence: int = 0) -> int:
        return self._stream.seek(place, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def flush(self) -> None:
        self._stream.flush()

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None and self._error is not None:
            raise self._error from error
