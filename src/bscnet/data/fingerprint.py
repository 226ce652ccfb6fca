"""Content hashes of source files, remembered while a file stays as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from bscnet.errors import InputError

_State = tuple[int, int, int, int]


class FileHasher:
    """SHA-256 of files; a file is read again only when it is another one, or its size or one of its times has changed.

    The change of its attributes counts as well as that of its content: copying tools set the latter back.
    """

    def __init__(self) -> None:
        self._known: dict[Path, tuple[_State, str]] = {}

    def of_file(self, path: Path) -> str:
        """Hex digest of the file's bytes; InputError when it cannot be read."""
        try:
            stat = path.stat()
            state = (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
            known = self._known.get(path)
            if known is None or known[0] != state:
                with path.open("rb") as stream:
                    known = self._known[path] = (state, hashlib.file_digest(stream, "sha256").hexdigest())
        except OSError as error:
            raise InputError(f"{path}: the file cannot be read ({error.strerror})") from error
        return known[1]

    def combined(self, label: str, paths: Iterable[Path]) -> str:
        """Hex digest of a label and the contents of some files, in order."""
        return text_hash("\n".join([label, *map(self.of_file, paths)]))


def text_hash(text: str) -> str:
    """SHA-256 of a text as hex digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
