"""Writing members of an NPZ archive."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from bscnet.clouds.file import one_sentence
from bscnet.clouds.formats.spool import Spool

_COPIED = 1 << 20
_NO_TIME = (1980, 1, 1, 0, 0, 0)


class SpooledArray:
    """An array whose rows come one after the other, and which is written into an archive when all are there.

    Args:
        dtype: of its values.
        shape: of a row.

    Attributes:
        dtype: of its values.
    """

    def __init__(self, dtype: np.dtype[Any], shape: tuple[int, ...] = ()) -> None:
        self.dtype, self._shape, self._rows = dtype, shape, 0
        self._spool: Spool | None = None  # made when there is something to keep

    def add(self, rows: npt.NDArray[Any]) -> None:
        """The next rows."""
        self._rows += len(rows)
        self._spool = self._spool or Spool()
        self._spool.file.write(np.ascontiguousarray(rows, self.dtype).tobytes())

    def put(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        """Write the array into an archive."""
        header = {
            "descr": np.lib.format.dtype_to_descr(self.dtype),
            "fortran_order": False,
            "shape": (self._rows, *self._shape),
        }
        with archive.open(info, "w", force_zip64=True) as stream:
            np.lib.format.write_array_header_1_0(stream, header)
            if self._spool is not None:
                self._spool.file.seek(0)
                shutil.copyfileobj(self._spool.file, stream, _COPIED)


def new_info(name: str, compression: int) -> zipfile.ZipInfo:
    """An entry for an array, without a time, so that the same arrays make the same archive."""
    info = zipfile.ZipInfo(f"{name}.npy", _NO_TIME)
    info.compress_type = compression
    return info


def same_info(info: zipfile.ZipInfo, filename: str) -> zipfile.ZipInfo:
    """An entry like that of another archive, with another name."""
    other = zipfile.ZipInfo(filename, info.date_time)
    other.compress_type, other.comment = info.compress_type, info.comment
    other.create_system, other.external_attr = info.create_system, info.external_attr
    return other


def copied(path: Path, source: IO[bytes], archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Write the bytes of another archive's member; path: of that archive, for the errors."""
    with archive.open(info, "w", force_zip64=True) as stream:
        while True:
            with one_sentence(path):
                part = source.read(_COPIED)
            if not part:
                return
            stream.write(part)
