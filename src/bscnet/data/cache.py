"""A folder of memory-mapped arrays, found by a hash of what they were made from."""

from __future__ import annotations

import errno
import io
import json
import shutil
import tempfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from bscnet.data.fingerprint import text_hash
from bscnet.errors import InputError

Arrays = Mapping[str, npt.NDArray[Any]]

_INDEX = "index.json"
_ASIDE = ".writing-"
_LONGEST_NAME = 200
_ABANDONED = 3600.0
"""Seconds without a change after which an unfinished entry is taken for that of a killed process."""
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT)
"""What a rename says when another process has just written, or moved away, the same entry."""


class ArrayCache:
    """Named arrays per key, one folder each: DIRECTORY/<first two digits>/<key>/{name.npy …, index.json}.

    An entry appears whole or not at all (written aside, then renamed), so that processes may share the folder; arrays
    stay as they are for whoever has them mapped when their entry is replaced. The first use of an entry in a process
    compares its checksums; a damaged entry is made again. What killed writers have left is removed an hour later.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)
        self._verified: set[str] = set()
        self._swept = False

    def get(self, key: str, build: Callable[[], Arrays]) -> Arrays:
        """The entry's arrays as read-only memory maps; `build` makes them when there is no sound entry.

        A folder that cannot be written serves what it holds. key: hex digits. InputError: the entry must be made, and
        cannot be written.
        """
        folder = self.directory / key[:2] / key
        arrays = self._load(folder, key)
        if arrays is not None:
            return arrays
        made = build()
        arrays = self._load(folder, key)  # another process may have been faster
        if arrays is not None:
            return arrays
        try:
            self._publish(folder, made)
        except OSError as error:
            raise InputError(
                f"cache folder {self.directory}: cannot be written ({error.strerror}), it must be a folder with room "
                "for what it does not hold yet, or null for no cache"
            ) from error
        return self._load(folder, key) or made

    def _load(self, folder: Path, key: str) -> Arrays | None:
        try:
            checksums = json.loads((folder / _INDEX).read_text("utf-8"))
            arrays = {name: np.load(folder / _file_name(name), mmap_mode="r") for name in checksums}
            sound = key in self._verified or checksums == {name: _checksum(array) for name, array in arrays.items()}
        except Exception:  # no entry, or damaged bytes, on which the parsers of the headers fail in many ways
            return None
        if not (sound and arrays):  # an entry without arrays is none, whatever its index says
            return None
        self._verified.add(key)
        return arrays

    def _publish(self, folder: Path, arrays: Arrays) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=folder.parent))
        try:
            self._sweep(aside)
            _write(aside / "new", arrays)
            _move(aside, folder)
        except FileNotFoundError:
            if aside.exists():
                raise  # else another process took this one for dead
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def _sweep(self, aside: Path) -> None:
        """Remove what killed writers have left, once a process.

        Were the writer only asleep, it would find its folder gone and serve what it has made. Ages are differences of
        times that the file system gave, which need not be those of this machine's clock.
        """
        if self._swept:
            return
        self._swept = True
        now = aside.stat().st_mtime
        for other in self.directory.glob(f"*/{_ASIDE}*"):
            with suppress(OSError):  # gone in the meantime
                changed = max(path.stat().st_mtime for path in (other, *other.rglob("*")))
                if now - changed > _ABANDONED:
                    shutil.rmtree(other, ignore_errors=True)


def _write(new: Path, arrays: Arrays) -> None:
    """Write the entry into a new folder."""
    new.mkdir()
    for name, array in arrays.items():
        _save(new / _file_name(name), array)
    checksums = {name: _checksum(array) for name, array in arrays.items()}
    (new / _INDEX).write_text(json.dumps(checksums), "utf-8")


def _move(aside: Path, folder: Path) -> None:
    """Give the new entry its place, unless another process has just taken it."""
    try:
        if folder.exists():  # damaged: out of the way first, as a folder cannot be renamed over another
            folder.rename(aside / "old")
        (aside / "new").rename(folder)
    except OSError as error:
        if error.errno not in _TAKEN:
            raise


def _file_name(array: str) -> str:
    """Where an array lies: a measured value may be called as no file can be."""
    quoted = quote(array, safe=" ")
    return f"{quoted if len(quoted) <= _LONGEST_NAME else text_hash(array)}.npy"


def _save(path: Path, array: npt.NDArray[Any]) -> None:
    # By way of memory: of a full disk, writing straight to the file does not say what is wrong.
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    path.write_bytes(buffer.getbuffer())


def _checksum(array: npt.NDArray[Any]) -> str:
    header = f"{array.dtype.str} {array.shape}".encode()
    return f"{zlib.crc32(np.ascontiguousarray(array).data, zlib.crc32(header)):08x}"
