"""What a pickle would call if it were loaded, read without loading it."""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_PLAIN = re.compile(r"torch\.\w+|torch\._utils\.\w+|collections\.\w+")
"""What weights and plain values are made of."""

_NAME = re.compile(r"[A-Za-z_]\w*(\.\w+)+")


def foreign_call(path: Path) -> str | None:
    """The first function or class that a file of pickles names beside those of weights and plain values.

    Reads a checkpoint of torch (a zip archive or the older form) and a bare pickle. None: there is none such, or the
    file is no pickle as far as it goes.
    """
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.endswith("/data.pkl"):
                        with archive.open(name) as stream:
                            return _foreign(stream)
            return None
        with path.open("rb") as stream:
            return _foreign(stream)
    except (OSError, zipfile.BadZipFile):
        return None


def _foreign(stream: IO[bytes]) -> str | None:
    return next((name for name in _named(stream) if _NAME.fullmatch(name) and not _PLAIN.fullmatch(name)), None)


def _named(stream: IO[bytes]) -> Iterator[str]:
    """The names in all pickles that follow each other in a stream, up to where it is damaged."""
    texts: list[str] = []
    try:
        while True:
            for code, value, _ in pickletools.genops(stream):
                if code.name in ("GLOBAL", "INST"):
                    yield str(value).replace(" ", ".")
                elif code.name == "STACK_GLOBAL":
                    yield ".".join(texts[-2:])
                elif isinstance(value, str):
                    texts.append(value)
    except Exception:  # of damaged bytes pickletools raises many types
        return
