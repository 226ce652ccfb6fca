"""What is found once, and read again as long as it is of the same things."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bscnet.runs.records import read_record
from bscnet.whole_file import write_json_whole


def kept(file: Path, of: Mapping[str, Any], find: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """What `find` finds, plain values: from the file where it is `of` the same, else found now and written there.

    Raises:
        InputError: the file cannot be read or written; or of `find`.
    """
    there = known(file, of)
    if there is not None:
        return there
    write_json_whole(file, {"of": of, "found": find()}, indent=1)
    return dict(read_record(file)["found"])


def known(file: Path, of: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is kept in a file of just these things; None: nothing is. InputError: the file cannot be read."""
    if not file.is_file():
        return None
    there = read_record(file)
    return dict(there["found"]) if there.get("of") == json.loads(json.dumps(of)) else None


def digest(file: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
