"""Does a LAS file hold the points that its header counts, and no more?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bscnet.clouds.formats.las.header import Header
from bscnet.clouds.formats.las.records import Record
from bscnet.errors import InputError

_AT_ONCE = 1 << 20


def check_extent(path: Path, header: Header, behind: Sequence[Record]) -> None:
    """See that points that are not compressed end where something else begins, or the file.

    A program that was interrupted leaves a header that counts fewer points than there are; nobody would miss the rest.
    Behind the points may stand extended records, packets of waveforms, and bytes that are no point: fewer than one
    has, or zeros, with which files are filled up to whole blocks.

    Args:
        path: of the file.
        header: of the file.
        behind: its extended records.

    Raises:
        InputError: there are fewer or more points.
    """
    size = path.stat().st_size
    if header.end > size:
        raise InputError(f"{path}: the file is truncated, it ends before the last of its {header.count} points")
    begins = [one.start for one in behind] + [header.waveform]
    end = min((start for start in begins if header.end <= start <= size), default=size)
    held = (end - header.to_points) // header.point_size
    if held > header.count and not _zeros(path, header.end, end):
        raise InputError(
            f"{path}: damaged, its header counts {header.count} points, but {held} are in the file: mend the header, "
            "for example with `lasinfo -repair`"
        )


def _zeros(path: Path, start: int, end: int) -> bool:
    with path.open("rb") as stream:
        stream.seek(start)
        while start < end:
            block = stream.read(min(_AT_ONCE, end - start))
            if block.strip(b"\0"):
                return False
            start += max(len(block), 1)
    return True
