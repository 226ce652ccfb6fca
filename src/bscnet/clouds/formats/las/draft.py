"""What a LAS file that is written is made of, whatever the source: header, records, points, and what comes behind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy.typing as npt

from bscnet.clouds.fields import Rows
from bscnet.clouds.formats.las.extra import DESCRIPTOR, LONGEST_NAME
from bscnet.clouds.formats.las.layout import PointLayout
from bscnet.clouds.formats.las.records import EXTRA_BYTES, LONGEST, SPEC, TEXT, made
from bscnet.clouds.points import Survey
from bscnet.clouds.writer import Columns
from bscnet.errors import InputError

INPUT = "of the input"
"""Description of dimensions that made room for one of the same name."""

DESCRIPTIONS = {"confidence": "of the classification, 0 to 1", "classification_input": INPUT}
"""What is said of added dimensions, 32 bytes at most."""

_AT_ONCE = 1 << 20
_LARGEST_POINT = 65_535


@dataclass(frozen=True)
class Span:
    """Bytes of another file.

    Attributes:
        path: of it.
        start, length: of the bytes.
    """

    path: Path
    start: int
    length: int

    def write_to(self, stream: BinaryIO) -> None:
        """Copy them."""
        with self.path.open("rb") as source:
            source.seek(self.start)
            left = self.length
            while left > 0 and (block := source.read(min(left, _AT_ONCE))):
                stream.write(block)
                left -= len(block)


class LasDraft(ABC):
    """A LAS file that is to be written.

    Attributes:
        block: its public header block; the writer sets what depends on the compression.
        layout: of its points.
        records: those before the points, their heads too.
        gap: bytes between the records and the points.
        notes: see `CloudWriter.notes`.
    """

    block: bytearray
    layout: PointLayout
    records: Sequence[bytes | Span] = ()
    gap: Span | None = None
    notes: Sequence[str] = ()

    @abstractmethod
    def begin(self, survey: Survey, metres: tuple[float, float, float]) -> None:
        """See `CloudWriter.begin`; nothing is written, but `block` is complete as far as it can be."""

    @abstractmethod
    def points(self, rows: Rows, added: Columns) -> npt.NDArray[Any]:
        """See `CloudWriter.write`; the points (P,) as `layout` has them."""

    @abstractmethod
    def finish(self, stream: BinaryIO) -> None:
        """Write what comes behind the points, and complete `block`."""


def extras_record(path: Path, layout: PointLayout, descriptors: bytes) -> bytes:
    """The record that describes the extra dimensions.

    Args:
        path: of the file that is to be written.
        layout: of its points.
        descriptors: of the extra dimensions, one at least.

    Raises:
        InputError: they are more than a record or a point can have.
    """
    if layout.dtype.itemsize > _LARGEST_POINT or len(descriptors) > LONGEST:
        raise InputError(
            f"{path}: {len(descriptors) // DESCRIPTOR} extra dimensions and points of {layout.dtype.itemsize} bytes "
            f"are more than LAS can hold, which is {LONGEST // DESCRIPTOR} and {_LARGEST_POINT} bytes"
        )
    return made(SPEC, EXTRA_BYTES, descriptors, "Extra Bytes Record")


def text_record(lines: Sequence[str]) -> list[bytes]:
    """A record that holds lines of text, if there are any."""
    text = "\n".join(lines).encode()[: LONGEST - 1]
    return [made(SPEC, TEXT, text + b"\0", "Text Area Description")] if text else []


def described_as(name: str) -> str:
    """What is said of an added dimension."""
    return DESCRIPTIONS.get(name, INPUT if "_input" in name else "")[:LONGEST_NAME]
