"""Files that appear whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from bscnet.errors import InputError


@contextmanager
def written_whole(
    path: Path, *, durable: bool = False, check: Callable[[Path], None] | None = None
) -> Iterator[BinaryIO]:
    """A stream to a draft beside `path` that takes its name at the end; after an error or Ctrl-C no draft is left.

    Folders that are missing are made.

    Args:
        path: the file.
        durable: the draft is on the disk before it takes its place, so that a power cut leaves the old file or the new.
        check: sees the finished draft; what it raises keeps the draft from its place.

    Raises:
        InputError: the folder or the disk does not take it.
    """
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    draft = Path(name)
    try:
        with _told(path):
            with os.fdopen(handle, "wb") as stream:
                yield stream
                if durable:
                    stream.flush()
                    os.fsync(stream.fileno())
            # as open() would have made it: the draft is for the user alone
            os.chmod(draft, 0o666 & ~_umask())
        if check is not None:
            check(draft)
        with _told(path):
            os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)  # nothing after the rename


def write_text_whole(path: Path, text: str) -> None:
    """Write a text file, UTF-8; InputError: the folder or the disk does not take it."""
    with written_whole(path) as stream:
        stream.write(text.encode())


def write_json_whole(path: Path, content: Any, indent: int = 2) -> None:
    """Write plain values as JSON; InputError: the folder or the disk does not take it."""
    write_text_whole(path, json.dumps(content, indent=indent) + "\n")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
