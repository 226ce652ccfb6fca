"""Files that appear whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from bscnet.drafts import new_draft, remove_drafts
from bscnet.errors import InputError


@contextmanager
def written_whole(
    path: Path, *, durable: bool = False, check: Callable[[Path], None] | None = None
) -> Iterator[BinaryIO]:
    """A stream to a draft beside `path` that takes its name at the end; after an error or Ctrl-C no draft is left, and
    one that a killed process has left is removed.

    Folders that are missing are made. A file that is there keeps its mode. A link stays one: what it points to is
    written. Of a pipe or a device the draft is kept elsewhere, and all of it goes there at the end.

    Args:
        path: the file.
        durable: the draft is on the disk before it takes its place, so that a power cut leaves the old file or the new.
        check: sees the finished draft; what it raises keeps the draft from its place.

    Raises:
        InputError: the folder or the disk does not take it.
    """
    with _told(path):
        place = Path(os.path.realpath(path)) if path.is_symlink() else path
        is_stream = place.exists() and not place.is_file() and not place.is_dir()
    if is_stream:
        with _told(path), place.open("wb") as stream, spooled(stream) as draft:
            yield draft
        return
    with _told(path):
        place.parent.mkdir(parents=True, exist_ok=True)
        remove_drafts(place.parent, of=place.name)
        handle, draft_file = new_draft(place)
    try:
        with _told(path):
            with os.fdopen(handle, "w+b") as file:
                yield file
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            # as open() would have left or made it: the draft is for the user alone
            os.chmod(draft_file, stat.S_IMODE(place.stat().st_mode) if place.exists() else 0o666 & ~_umask())
        if check is not None:
            check(draft_file)
        with _told(path):
            os.replace(draft_file, place)
    finally:
        draft_file.unlink(missing_ok=True)  # nothing after the rename


@contextmanager
def spooled(stream: BinaryIO) -> Iterator[BinaryIO]:
    """A draft that can be sought in; all of it goes into the stream at the end, and nothing after an error."""
    with tempfile.TemporaryFile() as draft:
        yield draft
        draft.seek(0)
        shutil.copyfileobj(draft, stream)
        stream.flush()


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
