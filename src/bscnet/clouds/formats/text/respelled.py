"""Lines with other words in some of their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bscnet.clouds.formats.text.cells import Cells, Places, cells_of
from bscnet.clouds.formats.text.dialect import Dialect

_LINES = 8192
"""How many are taken apart at once."""


def respelled(
    lines: Sequence[bytes], dialect: Dialect, words: Mapping[int, Sequence[bytes]], own_quotes: bool = False
) -> list[bytes]:
    """Lines of points with other words; all else stays.

    Args:
        lines: that the dialect has been found to hold for.
        dialect: of them.
        words: one for each line, by the columns that get them.
        own_quotes: whether the words come in quotes, and not in those that stand there or none.
    """
    found: list[bytes] = []
    for first in range(0, len(lines), _LINES):
        part = slice(first, first + _LINES)
        some = {column: column_words[part] for column, column_words in words.items()}
        found += _respelled(lines[part], dialect, some, own_quotes)
    return found


def words_of(lines: Sequence[bytes], dialect: Dialect, column: int) -> list[bytes]:
    """The words of one column."""
    found: list[bytes] = []
    for first in range(0, len(lines), _LINES):
        part = lines[first : first + _LINES]
        found += _cells(part, dialect).words(np.arange(len(part)), column)
    return found


def _respelled(
    lines: Sequence[bytes], dialect: Dialect, words: Mapping[int, Sequence[bytes]], own_quotes: bool
) -> list[bytes]:
    cells = _cells(lines, dialect)
    text = np.frombuffer(cells.data, np.uint8)
    feeds = np.cumsum([len(line) + 1 for line in lines]) + cells.first - 1
    place = np.append(cells.first, feeds[:-1] + 1)
    parts: list[Sequence[bytes]] = []
    for column in sorted(words):
        starts, ends = cells.starts[:, column], cells.ends[:, column]
        if own_quotes:
            quoted = (text[starts - 1] == ord('"')) & (text[ends] == ord('"'))
            starts, ends = starts - quoted, ends + quoted
        parts += [_between(cells, place, starts), words[column]]
        place = ends
    parts.append(_between(cells, place, feeds))
    return [b"".join(line) for line in zip(*parts, strict=True)]


def _between(cells: Cells, starts: Places, ends: Places) -> list[bytes]:
    return [cells.data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def _cells(lines: Sequence[bytes], dialect: Dialect) -> Cells:
    cells = cells_of(b"\n".join(lines) + b"\n", len(lines), dialect)
    assert cells is not None, "the lines have been read before"
    return cells
