"""Writing PCD: a PCD file given back as it is with fields added, or any other cloud as a binary file of version 0.7."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from bscnet.clouds.class_names import class_comments
from bscnet.clouds.columns import COLORS
from bscnet.clouds.fields import Rows
from bscnet.clouds.formats.pcd.flat import FlatFields
from bscnet.clouds.formats.pcd.head import kept_head, new_head, plain_names, type_for
from bscnet.clouds.formats.pcd.header import PADDING, PcdField
from bscnet.clouds.formats.pcd.kept import KeptFields
from bscnet.clouds.formats.pcd.packed import PACKED_NAMES, repacked
from bscnet.clouds.formats.pcd.reader import PcdFile
from bscnet.clouds.formats.pcd.sinks import Compressed, Records, can_compress
from bscnet.clouds.points import Survey
from bscnet.clouds.writer import CloudWriter, Columns, Target, moved_names


class PcdWriter(CloudWriter):
    """See `CloudWriter`.

    A PCD file keeps its header, viewpoint, width and height, its padding, and the way its points are stored; a
    compressed one becomes binary where imagecodecs is missing or 4 GiB are too few for it. Colours of classes take the
    place of red, green and blue wherever they are, and leave the other eight bits of packed ones alone. How other
    clouds are written is told by `FlatFields`.
    """

    def __init__(self, path: Path, stream: BinaryIO, target: Target) -> None:
        super().__init__(path, stream, target)
        source = target.source
        painted = target.recolored and COLORS[0] in source.columns
        self._new_colors = target.recolored and not painted
        names = [*(PACKED_NAMES[:1] if self._new_colors else []), *(one.name for one in target.added)]
        types = [*([np.dtype("<u4")] if self._new_colors else []), *(type_for(one.dtype) for one in target.added)]
        self._names = [one.name for one in target.added]
        self._added = [PcdField(name, dtype) for name, dtype in zip(plain_names(names), types, strict=True)]
        self._kept = KeptFields(source, painted) if isinstance(source, PcdFile) else None
        self._flat = None if self._kept is not None else FlatFields(source, self._added, painted)
        self.fields = () if self._flat is None else None  # what is kept is taken from the file's own bytes
        self._sink: Records | Compressed | None = None
        self._largest = "255"

    def begin(self, survey: Survey, metres: tuple[float, float, float]) -> None:
        """See `CloudWriter`."""
        self._largest = survey.colors
        source, target = self.target.source, self.target
        comments = [*target.comments, *class_comments(target.class_names)]
        if self._flat is not None:
            fields = [*self._flat.chosen(survey.colors), *self._added]
            self.stream.write(new_head(source.count, fields, [*source.comments, *comments]))
            self._sink = Records(self.stream, fields)
            return
        assert isinstance(source, PcdFile), "other sources are flat"
        header = source.header
        fields = [*header.fields, *self._added]
        kind = header.kind
        if kind == "binary_compressed" and not can_compress(fields, header.points):
            kind = "binary"
        own = [one.name for one in header.fields if one.name != PADDING]
        moved = moved_names(own, [one.name for one in self._added])
        self.stream.write(kept_head(header, kind, moved, self._added, comments))
        if kind == "binary":
            self._sink = Records(self.stream, fields)
        elif kind == "binary_compressed":
            self._sink = Compressed(self.stream, fields, header.points)

    def write(self, rows: Rows, added: Columns) -> None:
        """See `CloudWriter`."""
        ours = self._ours(added)
        if self._flat is not None:
            parts = [*self._flat.values(rows, added), *(column[:, None] for column in ours.values())]
        else:
            assert self._kept is not None, "the source is flat or kept"
            if self._sink is None:
                self.stream.write(self._kept.lines(rows, ours, added, self._largest))
                return
            parts = self._kept.records(rows, ours, added, self._largest)
        assert self._sink is not None, "begin has been called"
        self._sink.write(parts)

    def finish(self) -> None:
        """See `CloudWriter`."""
        if self._sink is not None:
            self._sink.finish()

    def _ours(self, added: Columns) -> dict[str, npt.NDArray[Any]]:
        """The added values in types of PCD, by the names of their fields."""
        columns = [added[name] for name in self._names]
        if self._new_colors:
            empty = np.zeros(len(added[COLORS[0]]), np.uint32)
            columns.insert(0, repacked(empty, *(added[color] for color in COLORS)))
        return {one.name: column.astype(one.dtype) for one, column in zip(self._added, columns, strict=True)}
