"""Writing LAS and LAZ."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from bscnet.clouds.fields import Rows
from bscnet.clouds.file import CloudFile
from bscnet.clouds.formats.las.classes import check_labels, largest_label
from bscnet.clouds.formats.las.copy import LasCopy
from bscnet.clouds.formats.las.draft import LasDraft
from bscnet.clouds.formats.las.header import put
from bscnet.clouds.formats.las.new import LasNew
from bscnet.clouds.formats.las.reader import LasFile
from bscnet.clouds.formats.las.sink import PackedPoints, PlainPoints, PointSink
from bscnet.clouds.points import Survey
from bscnet.clouds.writer import LABEL, CloudWriter, Columns, Target
from bscnet.errors import InputError
from bscnet.installation import how_to_install

_LAZ = 0b1000_0000
_WAVES = (9, 10)
"""Point formats whose waveforms lazrs packs wrongly (0.8.2) where the scanner channel changes; it unpacks them well."""


class LasWriter(CloudWriter):
    """LAS, or LAZ where the name ends so.

    Labels are the classification of the points; the classification of the source is kept as the extra dimension
    "classification_input", and added values are extra dimensions, too. See `LasCopy` and `LasNew` for all else.
    """

    def __init__(self, path: Path, stream: BinaryIO, target: Target) -> None:
        super().__init__(path, stream, target)
        if path.name.lower().endswith(".copc.laz"):
            raise InputError(f"{path}: no COPC file can be written, but a plain one whose name ends in .laz alone")
        self._packed = path.suffix.lower() == ".laz"
        source = target.source
        try:
            self._draft: LasDraft = (
                LasCopy(path, source, target) if isinstance(source, LasFile) else LasNew(path, target)
            )
            layout = self._draft.layout
            self._sink: PointSink = PackedPoints(stream, layout) if self._packed else PlainPoints(stream)
        except ImportError as error:
            raise InputError(f"{path}: writing it needs {error.name}: {how_to_install('predict')}") from error
        self.notes += self._draft.notes
        check_labels(path, target, layout.point_format)
        if self._packed and layout.point_format in _WAVES and len(_channels(source)) > 1:
            raise InputError(
                f"{path}: waveforms of several scanner channels, which {source.path} has, cannot be packed without "
                "loss: give it a name that ends in .las"
            )

    def begin(self, survey: Survey, metres: tuple[float, float, float]) -> None:
        """Write header and records; see `CloudWriter.begin`."""
        draft, block = self._draft, self._draft.block
        draft.begin(survey, metres)
        records = [*draft.records, *self._sink.records]
        put(block, "kind", draft.layout.point_format | (_LAZ if self._packed else 0))
        put(block, "point_size", draft.layout.dtype.itemsize)
        self.stream.write(block)
        for record in records:
            if isinstance(record, bytes):
                self.stream.write(record)
            else:
                record.write_to(self.stream)
        if draft.gap is not None:
            draft.gap.write_to(self.stream)
        put(block, "num_vlrs", len(records))
        put(block, "to_points", self.stream.tell())

    def write(self, rows: Rows, added: Columns) -> None:
        """Write points; see `CloudWriter.write`."""
        labels, largest = added[LABEL], largest_label(self._draft.layout.point_format)
        if labels.min() < 0 or labels.max() > largest:
            raise InputError(f"{self.path}: labels reach from {labels.min()} to {labels.max()}, beyond 0 to {largest}")
        self._sink.write(self._draft.points(rows, added))

    def finish(self) -> None:
        """Write what comes behind the points, and the header once more."""
        self._sink.finish()
        self._draft.finish(self.stream)
        self.stream.seek(0)
        self.stream.write(self._draft.block)
        self.stream.seek(0, 2)


def _channels(source: CloudFile) -> set[int]:
    parts = source.chunks(names=["scanner_channel"])
    return set().union(*(np.unique(part.columns["scanner_channel"]).tolist() for part in parts))
