"""Content hashes of source files, remembered while a file stays as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from bscnet.errors import InputError


class FileHasher:
    """SHA-256 of files; a file is read again only when its size or modification time has changed."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[int, int, str]] = {}

    def of_file(self, path: Path) -> str:
        """Hex digest of the file's bytes; InputError when it cannot be read."""
        try:
            stat = path.stat()
            known = self._known.get(path)
            if known is None or known[:2] != (stat.st_size, stat.st_mtime_ns):
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                known = self._known[path] = (stat.st_size, stat.st_mtime_ns, digest)
        except OSError as error:
            raise InputError(f"{path}: the file cannot be read ({error.strerror})") from error
        return known[2]

    def combined(self, label: str, paths: Iterable[Path]) -> str:
        """Hex digest of a label and the contents of some files, in order."""
        return text_hash("\n".join([label, *map(self.of_file, paths)]))


def text_hash(text: str) -> str:
    """SHA-256 of a text as hex digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
