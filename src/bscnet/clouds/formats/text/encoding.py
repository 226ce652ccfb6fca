"""How a text file's characters are stored."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from bscnet.errors import InputError

_START = 1 << 18
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class Encoding:
    """How a file's characters are stored.

    Attributes:
        mark: bytes at the beginning that tell it; empty where there are none.
        name: of the codec; None without a mark: any that extends ASCII.
    """

    mark: bytes = b""
    name: str | None = None

    @property
    def wide(self) -> bool:
        """Whether a character of ASCII takes more than a byte."""
        return self.name is not None and self.name != "utf-8"


def encoding_of(path: Path) -> Encoding:
    """The encoding that a file's first bytes tell.

    Raises:
        InputError: they are of no text that is read here.
    """
    with path.open("rb") as stream:
        start = stream.read(_START)
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise InputError(f"{path}: the text is stored as UTF-32, it must be UTF-8, UTF-16 or a code page with ASCII")
    for mark, name in _MARKS.items():
        if start.startswith(mark):
            return Encoding(mark, name)
    if b"\0" in start:
        raise InputError(f"{path}: the file is no text, or UTF-16 without a byte-order mark (it holds zero bytes)")
    return Encoding()


def codec_of(text: bytes) -> str:
    """UTF-8 where the bytes are such, else the code page of Western Windows, or Latin 1 where it lacks one of them."""
    for codec in ("utf-8", "cp1252"):
        try:
            text.decode(codec)
        except UnicodeDecodeError:
            continue
        return codec
    return "latin-1"


def decoded(text: bytes) -> str:
    """The characters of a file's bytes."""
    return text.decode(codec_of(text))
