"""The arrays of an NPZ archive: what they are, and their values row by row."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError

ENDING = ".npy"
"""Of the names of members that are arrays."""

_LARGEST_RATIO = 1032
"""Of deflate: two bits of it stand for at most 258 bytes."""


@dataclass(frozen=True)
class Member:
    """An array of an archive.

    Attributes:
        info: where it is in the archive.
        name: without the ending.
        dtype: of its values, as they are stored; of object arrays too, which nothing here unpickles.
        shape: of the array.
        fortran: whether the first index runs fastest.
        offset: of the values in the member.
    """

    info: zipfile.ZipInfo
    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    offset: int

    @property
    def holds_numbers(self) -> bool:
        """Whether its values are real numbers."""
        return self.dtype.kind in "biuf"


def members_of(path: Path) -> list[Member]:
    """The arrays of an archive in their order; what is no array of NumPy is passed over.

    Raises:
        InputError: two have one name, or the archive holds more or fewer bytes of one than its shape needs.
    """
    found: dict[str, Member] = {}
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        for info in archive.infolist():
            if not info.filename.endswith(ENDING):
                continue
            with archive.open(info) as stream:
                member = _member(info, stream)
            if member is None:
                continue
            if member.name in found:
                raise InputError(f"{path}: the array '{member.name[:40]}' is there twice")
            _check_size(path, member)
            found[member.name] = member
    return list(found.values())


class ArrayReader:
    """The rows of an array, one part after the other.

    Of an array whose first index runs fastest all values are read first.

    Args:
        path: of the archive, for the errors.
        archive: it, open.
        member: the array, which has at least one dimension.
    """

    def __init__(self, path: Path, archive: zipfile.ZipFile, member: Member) -> None:
        self._path, self._member = path, member
        self._stream = archive.open(member.info)
        self._stream.read(member.offset)
        self._left = member.shape[0]
        self._whole: npt.NDArray[Any] | None = None

    def __enter__(self) -> ArrayReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def read(self, count: int) -> npt.NDArray[Any]:
        """The next rows, in this machine's byte order.

        Raises:
            InputError: the archive ends early, or its checksum is another.
        """
        member = self._member
        if self._whole is None and member.fortran and len(member.shape) > 1:
            self._whole = self._values(prod(member.shape)).reshape(member.shape, order="F")
        if self._whole is not None:
            first = member.shape[0] - self._left
            rows = self._whole[first : first + count]
        else:
            rows = self._values(count * prod(member.shape[1:])).reshape(count, *member.shape[1:])
        self._left -= count
        if not self._left and self._stream.read(1):  # the checksum is looked at where a member ends
            raise InputError(f"{self._path}: the array '{member.name[:40]}' is longer than its header tells")
        return rows.astype(member.dtype.newbyteorder("="), copy=False)

    def _values(self, count: int) -> npt.NDArray[Any]:
        raw = self._stream.read(count * self._member.dtype.itemsize)
        if len(raw) < count * self._member.dtype.itemsize:
            raise InputError(f"{self._path}: truncated, the array '{self._member.name[:40]}' ends early")
        return np.frombuffer(raw, self._member.dtype)


def _member(info: zipfile.ZipInfo, stream: IO[bytes]) -> Member | None:
    """What the header of an array tells; None of what is no array, or one of a version that only records need."""
    try:
        version = np.lib.format.read_magic(stream)
    except ValueError:
        return None
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # headers of Python 2 are as good
        shape, fortran, dtype = readers[version](stream)
    return Member(info, info.filename.removesuffix(ENDING), dtype, shape, fortran, stream.tell())


def _check_size(path: Path, member: Member) -> None:
    if not member.holds_numbers:
        return
    size = member.offset + prod(member.shape) * member.dtype.itemsize
    packed, unpacked = member.info.compress_size, member.info.file_size
    deflated = member.info.compress_type == zipfile.ZIP_DEFLATED
    if unpacked != size or (deflated and unpacked > (packed + 1) * _LARGEST_RATIO):
        raise InputError(
            f"{path}: damaged, the array '{member.name[:40]}' of shape {member.shape} needs {size} bytes, the archive "
            f"has {unpacked} of it in {packed}"
        )


def rows_of(path: Path, members: list[Member], count: int, size: int) -> Iterator[list[npt.NDArray[Any]]]:
    """Arrays of so many rows each, side by side, `size` rows at a time."""
    with ExitStack() as open_files:
        archive = open_files.enter_context(zipfile.ZipFile(open_files.enter_context(path.open("rb"))))
        readers = [open_files.enter_context(ArrayReader(path, archive, member)) for member in members]
        for first in range(0, count, size):
            yield [reader.read(min(size, count - first)) for reader in readers]
