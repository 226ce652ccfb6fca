"""Lines of a text file, a block at a time, whatever its encoding and its line endings."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError

BLANKS = bytes(code for code in range(33) if code != ord("\n"))
"""What stands for nothing in a line: blanks, tabs and control characters, the end mark of DOS among them."""

_BLOCK = 1 << 18
_LONGEST_LINE = 1 << 20
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
        start = stream.read(_BLOCK)
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise InputError(f"{path}: the text is stored as UTF-32, it must be UTF-8, UTF-16 or a code page with ASCII")
    for mark, name in _MARKS.items():
        if start.startswith(mark):
            return Encoding(mark, name)
    if b"\0" in start:
        raise InputError(f"{path}: the file is no text, or UTF-16 without a byte-order mark (it holds zero bytes)")
    return Encoding()


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


@dataclass(frozen=True)
class Block:
    """Some lines with points.

    Attributes:
        data: whole lines, each ended by a line feed; some may be empty.
        line: number in the file of the first of them, from 1.
        starts, ends: where the lines that hold a point begin, and where they end behind the line feed.
    """

    data: bytes
    line: int
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def points(self) -> bytes:
        """The lines that hold a point."""
        if self.data.count(b"\n") == len(self):
            return self.data
        return b"".join(self.data[start:end] for start, end in zip(self.starts, self.ends, strict=True))

    def number(self, point: int) -> int:
        """Number in the file of the line of a point."""
        return self.line + self.data.count(b"\n", 0, int(self.starts[point]))

    def cut(self, points: int) -> tuple[Block, Block]:
        """So many points, at least one and not all, and the others."""
        end = int(self.ends[points - 1])
        first = Block(self.data[:end], self.line, self.starts[:points], self.ends[:points])
        line = self.line + first.data.count(b"\n")
        return first, Block(self.data[end:], line, self.starts[points:] - end, self.ends[points:] - end)


def point_blocks(texts: Iterable[bytes], empty: bytes, line: int = 1, skip: int = 0) -> Iterator[Block]:
    """The lines of points in blocks.

    Args:
        texts: as of `blocks`.
        empty: characters; lines of nothing else hold no point.
        line: number of the first line.
        skip: how many lines are left out before the first point.
    """
    for text in texts:
        while skip and text:
            text = text[text.index(b"\n") + 1 :]
            skip, line = skip - 1, line + 1
        if not text:
            continue
        codes = np.frombuffer(text, np.uint8)
        ends = np.flatnonzero(codes == ord("\n")) + 1
        starts = np.append(0, ends[:-1])
        first = codes[starts]
        doubtful = np.flatnonzero((first <= ord(" ")) | np.isin(first, list(empty)))
        bad = [place for place in doubtful if not text[starts[place] : ends[place] - 1].strip(empty)]
        yield Block(text, line, np.delete(starts, bad), np.delete(ends, bad))
        line += len(ends)


def in_parts(found: Iterable[Block], size: int) -> Iterator[list[Block]]:
    """The blocks as parts of so many points; the last may have fewer."""
    part: list[Block] = []
    missing = size
    for block in found:
        while len(block) > missing:
            head, block = block.cut(missing)
            yield [*part, head]
            part, missing = [], size
        part.append(block)
        missing -= len(block)
        if not missing:
            yield part
            part, missing = [], size
    if any(len(block) for block in part):
        yield part


def _with_line_feeds(text: bytes) -> bytes:
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
