"""Lines of a text file, a block at a time, whatever its encoding and its line endings."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from bscnet.clouds.formats.text.encoding import Encoding
from bscnet.errors import InputError

BLANKS = bytes(code for code in range(33) if code != ord("\n"))
"""What stands for nothing in a line: blanks, tabs and control characters, the end mark of DOS among them."""

_BLOCK = 1 << 18
_LONGEST_LINE = 1 << 20


def blocks(path: Path, encoding: Encoding, offset: int = 0) -> Iterator[bytes]:
    """Whole lines from a place on, some hundred kilobytes at a time, each ended by one line feed.

    Lines may end in LF, CR LF or CR. UTF-16 becomes UTF-8; of other encodings the bytes stay as they are.

    Raises:
        InputError: a line is too long to be one.
    """
    decoder = codecs.getincrementaldecoder(encoding.name)() if encoding.wide and encoding.name else None
    with path.open("rb") as stream:
        stream.seek(max(offset, len(encoding.mark)))
        rest = b""
        while raw := stream.read(_BLOCK):
            text = rest + (raw if decoder is None else decoder.decode(raw).encode())
            held = b"\r" if text.endswith(b"\r") else b""  # a line feed may follow
            text = _with_line_feeds(text[: len(text) - len(held)])
            end = text.rfind(b"\n") + 1
            rest = text[end:] + held
            if len(rest) > _LONGEST_LINE:
                raise InputError(f"{path}: a line has more than {_LONGEST_LINE} characters, this is no text of points")
            if end:
                yield text[:end]
        if decoder is not None:
            decoder.decode(b"", final=True)  # half a character would be lost
        if rest:
            yield _with_line_feeds(rest.removesuffix(b"\r") + b"\n")


def line_ending(path: Path, encoding: Encoding) -> bytes:
    """How the first line of a file ends."""
    with path.open("rb") as stream:
        start = stream.read(_LONGEST_LINE)
    text = start.decode(encoding.name, "ignore").encode() if encoding.wide and encoding.name else start
    for place, code in enumerate(text):
        if code in b"\r\n":
            return b"\r\n" if text[place : place + 2] == b"\r\n" else bytes([code])
    return b"\n"


def _with_line_feeds(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
