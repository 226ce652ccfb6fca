"""The lines of a text file that hold points, in blocks and in parts of so many points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


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
