"""Drafts of files that are being written. A writer holds a lock on its draft, so one whose writer was killed is known.

Locks are those of `flock`, which the system takes back when a process ends in whatever way.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_ENDING = ".part"
_DRAFT = re.compile(r"\.(?P<of>.+)\.\w{8}\.part")

_ATTEMPTS = 8
"""Drafts that are made until one is still there once it is locked; the last is taken as it is."""

OLD_S = 3600.0
"""Seconds after which a draft that nobody holds is taken for left behind. Some file systems of clusters keep a lock to
one machine, and a draft that another machine writes changes more often."""


def new_draft(place: Path) -> tuple[int, Path]:
    """An empty, locked file beside `place`, open for reading and writing; OSError: the folder takes none."""
    left = _ATTEMPTS
    while True:
        handle, name = tempfile.mkstemp(prefix=f".{place.name}.", suffix=_ENDING, dir=place.parent)
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        left -= 1
        # another name's file: taken for left behind before it was locked, or a file system that numbers files anew
        if left == 0 or _is_named(handle, name):
            return handle, Path(name)
        os.close(handle)


def remove_drafts(folder: Path, of: str | None = None, older_s: float = OLD_S) -> list[Path]:
    """Remove drafts that killed processes have left in a folder, and return them.

    Args:
        folder: the folder itself, not those below it.
        of: the name of the file that they are drafts of; None: of any file.
        older_s: seconds since they were last written. 0 is for a folder that no other machine writes to.
    """
    removed = []
    for draft in _drafts(folder, of):
        with contextlib.suppress(OSError):  # gone meanwhile, somebody else's, held, or no locks here
            handle = os.open(draft, os.O_RDWR)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(handle).st_mtime >= older_s and _is_named(handle, draft):
                    draft.unlink()
                    removed.append(draft)
            finally:
                os.close(handle)
    return removed


def _drafts(folder: Path, of: str | None) -> Iterator[Path]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = _DRAFT.fullmatch(entry.name)
            if found is not None and of in (None, found["of"]) and entry.is_file(follow_symlinks=False):
                yield Path(entry.path)


def _is_named(handle: int, path: str | Path) -> bool:
    """Whether the open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False
