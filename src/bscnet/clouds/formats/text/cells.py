"""Where the values of many lines are, found for all of them at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bscnet.clouds.formats.text.dialect import Dialect
from bscnet.clouds.formats.text.numbers import PAD, decimals

_PADDING = b" " * PAD
_BLANK, _QUOTE, _LINE_FEED = ord(" "), ord('"'), ord("\n")

Places = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """The values of some lines.

    Attributes:
        data: the lines, with a margin that `decimals` needs.
        starts, ends: (lines, columns) where each value is in it, without blanks and quotes.
    """

    data: bytes
    starts: Places
    ends: Places

    @property
    def first(self) -> int:
        """Where the lines begin in the data."""
        return PAD

    def words(self, lines: Places, column: int) -> list[bytes]:
        """Some values of a column as they are written, without the quotes."""
        places = zip(self.starts[lines, column].tolist(), self.ends[lines, column].tolist(), strict=True)
        found = [self.data[start:end] for start, end in places]
        return [word.replace(b'""', b'"') for word in found] if b'""' in self.data else found

    def numbers(self, columns: list[int], point: bytes) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """(columns, lines) the values of some columns, and which of them are valid; see `decimals`."""
        starts, ends = (np.ascontiguousarray(places[:, columns].T) for places in (self.starts, self.ends))
        return decimals(np.frombuffer(self.data, np.uint8), starts, ends, ord(point))


def cells_of(lines: bytes, count: int, dialect: Dialect) -> Cells | None:
    """The values of so many lines; None where a line has another number of them than the dialect says.

    A separator in quotes sets nothing apart, as in `Dialect.spans`.
    """
    data = _PADDING + lines + _PADDING
    text = np.frombuffer(data, np.uint8)
    quoted = b'"' in lines
    outside = np.cumsum(text == _QUOTE, dtype=np.int64) % 2 == 0 if quoted else None
    find = _between_separators if dialect.separator else _between_blanks
    found = find(text, outside, count, dialect)
    if found is None:
        return None
    starts, ends = found
    if quoted:
        both = (ends - starts >= 2) & (text[starts] == _QUOTE) & (text[ends - 1] == _QUOTE)
        starts, ends = starts + both, ends - both
    return Cells(data, starts, ends)


def _between_blanks(
    text: npt.NDArray[np.uint8], outside: npt.NDArray[np.bool_] | None, count: int, dialect: Dialect
) -> tuple[Places, Places] | None:
    blank = text <= _BLANK
    feeds = np.flatnonzero(text == _LINE_FEED)
    if outside is not None:
        if not outside[feeds].all():
            return None
        blank &= outside
    edges = np.flatnonzero(blank[1:] != blank[:-1]) + 1
    if len(edges) != 2 * count * dialect.columns:
        return None
    starts, ends = edges[0::2].reshape(count, -1), edges[1::2].reshape(count, -1)
    apart = (starts[:, -1] < feeds).all() and (starts[1:, 0] > feeds[:-1]).all()
    return (starts, ends) if apart else None


def _between_separators(
    text: npt.NDArray[np.uint8], outside: npt.NDArray[np.bool_] | None, count: int, dialect: Dialect
) -> tuple[Places, Places] | None:
    feed = text == _LINE_FEED
    stop = feed | (text == ord(dialect.separator))
    if outside is not None:
        if not outside[feed].all():
            return None
        stop &= outside
    raw = dialect.columns + dialect.leading + dialect.trailing
    stops = np.flatnonzero(stop)
    if len(stops) != count * raw or not feed[stops[raw - 1 :: raw]].all():
        return None
    starts, ends = np.append(PAD, stops[:-1] + 1).reshape(count, raw), stops.reshape(count, raw)
    if len(text) - 2 * PAD - np.count_nonzero(text[PAD:-PAD] > _BLANK) > count:  # more than the line feeds
        starts, ends = _trimmed(text, starts, ends)
    first, last = int(dialect.leading), raw - int(dialect.trailing)
    unwanted = [column for column in range(raw) if not first <= column < last]
    if (ends > starts)[:, unwanted].any():
        return None
    return starts[:, first:last], ends[:, first:last]


def _trimmed(text: npt.NDArray[np.uint8], starts: Places, ends: Places) -> tuple[Places, Places]:
    """Without the blanks at both ends."""
    ink = np.flatnonzero(text > _BLANK)
    after = np.append(ink, len(text))[np.searchsorted(ink, starts)]
    before = np.append(ink, -1)[np.searchsorted(ink, ends) - 1] + 1
    starts = np.minimum(after, ends)
    return starts, np.maximum(before, starts)
