"""Any cloud as lines of numbers."""

from __future__ import annotations

from collections.abc import Sequence

from bscnet.clouds.columns import COLORS
from bscnet.clouds.fields import Rows
from bscnet.clouds.file import CloudFile
from bscnet.clouds.formats.text.columns import SKIP
from bscnet.clouds.formats.text.dialect import Dialect
from bscnet.clouds.formats.text.digits import digits
from bscnet.clouds.formats.text.named import name_line
from bscnet.clouds.writer import Columns, flat_columns, flat_fields, moved_names


class Table:
    """A cloud's columns as text, with a line of names.

    CSV has commas between the values, other endings a blank. XYZ and PTS, which know no names, have them in a comment
    (//); before it PTS has the number of points.

    Args:
        source: the cloud.
        added: names of further columns.
        painted: whether the cloud's colours are given others.
        ending: of the file's name, lower case.
    """

    def __init__(self, source: CloudFile, added: Sequence[str], painted: bool, ending: str) -> None:
        self._source, self._added, self._painted, self._ending = source, added, painted, ending
        self._own = [field.name for field in flat_fields(source)]
        separator = b"," if ending == ".csv" else b""
        self._dialect = Dialect(separator, len(self._own) + len(added), joint=separator or b" ")

    def head(self) -> list[bytes]:
        """The lines before the first point."""
        moved = moved_names(self._own, self._added)
        names = [moved.get(name, name) for name in self._own] + list(self._added)
        line = name_line([name.encode() for name in _plain(names)], self._dialect)
        if self._ending not in (".xyz", ".pts"):
            return [line]
        return [*([b"%d" % self._source.count] if self._ending == ".pts" else []), b"//" + line]

    def lines(self, rows: Rows, columns: Columns, largest: str) -> list[bytes]:
        """The next lines; see `KeptLines.lines`, but that colours of classes always reach to 255 here."""
        own = flat_columns(self._source, rows)
        if self._painted:
            own.update({color: columns[color] for color in COLORS})
        values = [*own.values(), *(columns[name] for name in self._added)]
        return [self._dialect.joint.join(row) for row in zip(*map(digits, values), strict=True)]


def _plain(names: Sequence[str]) -> list[str]:
    """Names that keep to their line, none twice, none the one that stands for a column that is not wanted."""
    found: list[str] = []
    for name in names:
        plain = " ".join(name.split())
        while plain in ("", SKIP, *found):
            plain += "_"
        found.append(plain)
    return found
