"""The variable length records of a LAS file, before its points and behind them: where they are and what they hold."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from bscnet.clouds.formats.las.header import VLR_HEADER, Header
from bscnet.errors import InputError

EVLR_HEADER = 60

SPEC, PROJECTION, LASZIP, COPC = "LASF_Spec", "LASF_Projection", "laszip encoded", "copc"
"""User ids of records that mean something here."""

CLASS_NAMES, TEXT, EXTRA_BYTES, WAVEFORMS = 0, 3, 4, 65535
"""Record ids of `SPEC`."""

LONGEST = 65_535
"""Bytes of data that a record before the points can hold; of records behind them no more is looked at."""


@dataclass(frozen=True)
class Record:
    """A record in a file.

    Attributes:
        user: id of who defined it.
        id: what it is.
        head: bytes that come before its data.
        start: where it begins in the file, with its head.
        length: bytes of its data.
    """

    user: str
    id: int
    head: bytes
    start: int
    length: int

    @property
    def total(self) -> int:
        """Bytes with the head."""
        return len(self.head) + self.length

    @property
    def end(self) -> int:
        """The byte behind it."""
        return self.start + self.total

    def data(self, path: Path) -> bytes:
        """Its data, or the first `LONGEST` bytes of them."""
        with path.open("rb") as stream:
            stream.seek(self.start + len(self.head))
            return stream.read(min(self.length, LONGEST))


def records_before(path: Path, header: Header) -> list[Record]:
    """Those between the header and the points.

    Raises:
        InputError: they do not fit there.
    """
    with path.open("rb") as stream:
        found = list(_walk(stream, len(header.block), header.to_points, header.num_vlrs, VLR_HEADER))
    if len(found) < header.num_vlrs:
        raise InputError(f"{path}: damaged, its variable length records reach into its points")
    return found


def records_behind(path: Path, header: Header) -> list[Record]:
    """The extended ones behind the points.

    LAS 1.3 has them, too, and does not count them: there they are taken for such where they fill the rest of the file.

    Raises:
        InputError: they do not fit between the points and the end of the file.
    """
    size, first = path.stat().st_size, header.to_points + 1 if header.compressed else header.end
    with path.open("rb") as stream:
        if header.num_evlrs:
            found = list(_walk(stream, header.evlr_start, size, header.num_evlrs, EVLR_HEADER))
            if header.evlr_start < first or len(found) < header.num_evlrs:
                raise InputError(
                    f"{path}: damaged or truncated, its {header.num_evlrs} extended records from byte "
                    f"{header.evlr_start} on do not fit between its points and its end at byte {size}"
                )
            return found
        start = header.waveform if header.waveform >= first else 0 if header.compressed else header.end
        if header.minor < 3 or not start:
            return []
        found = []
        for one in _walk(stream, start, size, size, EVLR_HEADER):
            if not (one.user and one.user.isprintable()):  # bytes of something else
                return []
            found.append(one)
    return found if found and found[-1].end == size else []


def find(records: Sequence[Record], user: str, *ids: int) -> Record | None:
    """The first record of that kind."""
    return next((one for one in records if one.user == user and one.id in ids), None)


def made(user: str, number: int, data: bytes, description: str) -> bytes:
    """A record to be written before the points; data: of `LONGEST` bytes at most."""
    head = struct.pack("<H16sHH32s", 0, user.encode(), number, len(data), description.encode())
    return head + data


def _walk(stream: BinaryIO, start: int, end: int, most: int, head_size: int) -> Iterator[Record]:
    """Records from byte `start` on, as long as they end before `end`, at most so many."""
    for _ in range(most):
        if start + head_size > end:
            return
        stream.seek(start)
        head = stream.read(head_size)
        number, length = struct.unpack_from("<HH" if head_size == VLR_HEADER else "<HQ", head, 18)
        if start + head_size + length > end:
            return
        yield Record(_text(head[2:18]), number, head, start, length)
        start += head_size + length


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("latin-1").rstrip()
