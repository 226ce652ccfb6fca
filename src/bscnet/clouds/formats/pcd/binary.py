"""The points of binary and compressed PCD files."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.formats.pcd.header import Header
from bscnet.errors import InputError

Parts = list[npt.NDArray[Any]]
"""(points, count) of each field, padding ones too, as they are stored."""

SIZES = struct.Struct("<II")
"""Before compressed points: their bytes as they are stored, and unpacked."""

_LARGEST_RATIO = 88
"""Of LZF: three bytes stand for at most 264."""


def check_length(path: Path, header: Header) -> None:
    """Whether a file can hold its points, as far as its length tells.

    Raises:
        InputError: it cannot.
    """
    left = path.stat().st_size - header.offset
    if header.kind == "ascii" and left < header.points * (2 * header.width - 1):
        raise truncated(path, header)
    full = header.points * header.record.itemsize
    if header.kind == "binary" and left < full:
        raise truncated(path, header)
    if header.kind != "binary_compressed":
        return
    if left < SIZES.size:
        raise truncated(path, header)
    with path.open("rb") as stream:
        stream.seek(header.offset)
        packed, unpacked = SIZES.unpack(stream.read(SIZES.size))
    if unpacked != full:
        raise InputError(f"{path}: damaged, its data unpack to {unpacked} bytes, but the header tells of {full}")
    if left < SIZES.size + packed:
        raise truncated(path, header)
    if full > packed * _LARGEST_RATIO:
        raise InputError(f"{path}: damaged, {packed} bytes of data cannot unpack to the {full} of its points")


def binary_parts(path: Path, header: Header, size: int) -> Iterator[Parts]:
    """The points, `size` at a time."""
    names = header.record.names or ()
    with path.open("rb") as stream:
        stream.seek(header.offset)
        for first in range(0, header.points, size):
            count = min(size, header.points - first)
            raw = stream.read(count * header.record.itemsize)
            if len(raw) < count * header.record.itemsize:
                raise truncated(path, header)
            table = np.frombuffer(raw, header.record)
            yield [table[name] for name in names]


def compressed_parts(path: Path, header: Header, size: int) -> Iterator[Parts]:
    """The points, `size` at a time; they are one block of LZF, field after field, so all are unpacked first."""
    from imagecodecs import lzf_decode

    full = header.points * header.record.itemsize
    with path.open("rb") as stream:
        stream.seek(header.offset)
        packed, _ = SIZES.unpack(stream.read(SIZES.size))
        raw = lzf_decode(stream.read(packed), header=False, out=full)
    if len(raw) != full:
        raise InputError(f"{path}: damaged, its data unpack to {len(raw)} bytes, but the header tells of {full}")
    columns, offset = [], 0
    for field in header.fields:
        column = np.frombuffer(raw, field.dtype, header.points * field.count, offset)
        columns.append(column.reshape(header.points, field.count))
        offset += column.nbytes
    for first in range(0, header.points, size):
        yield [column[first : first + size] for column in columns]


def truncated(path: Path, header: Header) -> InputError:
    """What is said of a file that ends before its last point."""
    return InputError(f"{path}: the file is truncated, it ends before the last of its {header.points} points")
