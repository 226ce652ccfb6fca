"""Stamps: a finished stage leaves a file with the hash of what it depended on, not done again while it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def key_of(values: Iterable[str] = (), files: Iterable[Path] = ()) -> str:
    """SHA-256 over plain values and files' contents; a missing file counts as such, not as an empty one."""
    digest = hashlib.sha256()
    for value in values:
        digest.update(b"value\0" + value.encode() + b"\0")
    for file in files:
        content = file.read_bytes() if file.is_file() else None
        digest.update(b"none\0" if content is None else b"file\0%d\0" % len(content) + content)
    return digest.hexdigest()


class Stamp:
    """One stage's stamp file."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / name

    def holds(self, key: str) -> bool:
        """Whether the stage finished with exactly this key."""
        return self.path.is_file() and self.path.read_text().strip() == key

    def set(self, key: str) -> None:
        """Record that the stage finished with this key."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(key + "\n")

    def clear(self) -> None:
        """Forget the stage: it runs again next time."""
        self.path.unlink(missing_ok=True)
