"""A folder of memory-mapped arrays, found by a hash of what they were made from."""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError

Arrays = Mapping[str, npt.NDArray[Any]]

_INDEX = "index.json"
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT)
"""What a rename says when another process has just written, or moved away, the same entry."""


class ArrayCache:
    """Named arrays per key, one folder each: DIRECTORY/<first two digits>/<key>/{name.npy …, index.json}.

    An entry appears whole or not at all (written aside, then renamed), so that processes may share the folder. The
    first use of an entry in a process compares its checksums; a damaged entry is made again.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        self._verified: set[str] = set()

    def get(self, key: str, build: Callable[[], Arrays]) -> Arrays:
        """The entry's arrays as read-only memory maps; `build` makes them when there is no sound entry.

        key: hex digits. InputError: the folder cannot be written.
        """
        folder = self.directory / key[:2] / key
        arrays = self._load(folder, key)
        if arrays is not None:
            return arrays
        made = build()
        try:
            self._publish(folder, made)
        except OSError as error:
            raise InputError(f"cache folder {self.directory}: cannot be written ({error.strerror})") from error
        return self._load(folder, key) or made

    def _load(self, folder: Path, key: str) -> Arrays | None:
        try:
            checksums = json.loads((folder / _INDEX).read_text("utf-8"))
            arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in checksums}
            sound = key in self._verified or checksums == {name: _checksum(array) for name, array in arrays.items()}
        except Exception:  # no entry, or damaged bytes, on which the parsers of the headers fail in many ways
            return None
        if not sound:
            return None
        self._verified.add(key)
        return arrays

    def _publish(self, folder: Path, arrays: Arrays) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=folder.parent))
        try:
            new = aside / "new"
            new.mkdir()
            for name, array in arrays.items():
                np.save(new / f"{name}.npy", array)
            checksums = {name: _checksum(array) for name, array in arrays.items()}
            (new / _INDEX).write_text(json.dumps(checksums), "utf-8")
            if folder.exists():  # damaged: out of the way first, as a folder cannot be renamed over another
                folder.rename(aside / "old")
            new.rename(folder)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _checksum(array: npt.NDArray[Any]) -> str:
    header = f"{array.dtype.str} {array.shape}".encode()
    return f"{zlib.crc32(np.ascontiguousarray(array).data, zlib.crc32(header)):08x}"
