"""Writing text: a text file given back as it stands with values behind each line, or any other cloud as a table."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from bscnet.clouds.columns import COLORS
from bscnet.clouds.fields import Rows
from bscnet.clouds.formats.text.encoding import Encoding
from bscnet.clouds.formats.text.kept import KeptLines
from bscnet.clouds.formats.text.lines import line_ending
from bscnet.clouds.formats.text.reader import TextFile
from bscnet.clouds.formats.text.table import Table
from bscnet.clouds.points import Survey
from bscnet.clouds.writer import CloudWriter, Columns, Target


class TextWriter(CloudWriter):
    """See `CloudWriter`.

    Of a text file every line stays as it stands, to the last digit, separator and quote, and the added values stand
    behind it in the same manner, in the file's own encoding and with the line ending of its first line. How the names
    make room is told by `named_lines`, how other clouds look as text by `Table`. Numbers are written so that their
    text gives back the very double; a whole number beyond 2^53 has all its digits in the text, but this package's
    reader, whose fields are doubles, rounds it.

    What was done and the names of classes (`Target.comments`, `class_names`) are not told: few programs that read
    such files pass over comments.
    """

    def __init__(self, path: Path, stream: BinaryIO, target: Target) -> None:
        super().__init__(path, stream, target)
        source = target.source
        painted = target.recolored and COLORS[0] in source.columns
        new = COLORS if target.recolored and not painted else ()
        added = [*new, *(field.name for field in target.added)]
        self._encoding, self._end, self._largest = Encoding(), b"\n", "255"
        self._body: KeptLines | Table
        if isinstance(source, TextFile):
            self._encoding, self._end = source.encoding, line_ending(source.path, source.encoding)
            self._body = KeptLines(source, added, painted)
            self.fields = ()  # the lines say it all
        else:
            self._body = Table(source, added, painted, path.suffix.lower())

    def begin(self, survey: Survey, metres: tuple[float, float, float]) -> None:
        """See `CloudWriter`."""
        self._largest = survey.colors
        self.stream.write(self._encoding.mark)
        self._write(self._body.head())

    def write(self, rows: Rows, added: Columns) -> None:
        """See `CloudWriter`."""
        self._write(self._body.lines(rows, added, self._largest))

    def finish(self) -> None:
        """See `CloudWriter`."""

    def _write(self, lines: list[bytes]) -> None:
        text = b"".join([line + self._end for line in lines])
        self.stream.write(text.decode().encode(self._encoding.name or "") if self._encoding.wide else text)
