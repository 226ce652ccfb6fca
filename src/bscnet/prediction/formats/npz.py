"""NumPy's NPZ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.data.scan import grey
from bscnet.datasets.folder.cloud import find_column
from bscnet.errors import InputError
from bscnet.prediction.cloud import Chunk, CloudFile


def open_file(path: Path, colored: bool, values: Sequence[str]) -> NpzFile:
    """See `bscnet.prediction.formats.open_cloud`; colours that are not needed are not read."""
    return NpzFile(path, colored, values)


class NpzFile(CloudFile):
    """Arrays `points` (P, 3), `colors` (P, 3) uint8 and the values (P,) that are asked for, of a NumPy file."""

    def __init__(self, path: Path, colored: bool, values: Sequence[str]) -> None:
        arrays = _arrays(path, ["points", *(["colors"] if colored else []), *values])
        self._points = arrays.pop("points")
        count = len(self._points) if self._points.ndim else 0
        if self._points.shape != (count, 3) or self._points.dtype.kind not in "fiu" or count == 0:
            raise InputError(
                f"{path}: points have shape {self._points.shape}, numbers of shape (P, 3), P >= 1, are needed"
            )
        self._colors = arrays.pop("colors") if colored else grey(count)
        if self._colors.shape != (count, 3) or self._colors.dtype != np.uint8:
            raise InputError(
                f"{path}: colors are {self._colors.dtype} of shape {self._colors.shape}, "
                f"uint8 of shape ({count}, 3) is needed"
            )
        for name, array in arrays.items():
            if array.shape != (count,) or array.dtype.kind not in "fiu":
                raise InputError(
                    f"{path}: {name} is {array.dtype} of shape {array.shape}, numbers of shape ({count},) are needed"
                )
        self._values = arrays
        super().__init__(path, count, np.result_type(self._points.dtype, np.float32))

    def chunks(self, size: int) -> Iterator[Chunk]:
        """All points, `size` at a time."""
        for first in range(0, self.num_points, size):
            rows = slice(first, first + size)
            part = self._points[rows].astype(self.dtype)
            values = {name: array[rows] for name, array in self._values.items()}
            yield Chunk((part[:, 0], part[:, 1], part[:, 2]), self._colors[rows], values)


def _arrays(path: Path, names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    # A damaged archive makes the parsers of zip, zlib and headers fail in any way; each is a bad file.
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            columns = {name: find_column(arrays.files, name) for name in names}
            found = {name: arrays[column] for name, column in columns.items() if column is not None}
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise InputError(f"{path}: damaged, truncated or no NPZ file of numbers ({reason})") from error
    missing = next((name for name in names if name not in found), None)
    if missing is not None:
        raise InputError(f"{path}: the array '{missing}' is missing, {', '.join(names)} are needed")
    return found
