"""Writing NPZ: an archive given back with arrays added, or any other cloud as `points`, `colors` and its values."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import BinaryIO

import numpy as np

from bscnet.clouds.columns import COLORS
from bscnet.clouds.fields import Rows
from bscnet.clouds.formats.npz.flat import SHADES, FlatArrays
from bscnet.clouds.formats.npz.kept import KeptMembers
from bscnet.clouds.formats.npz.output import SpooledArray, new_info
from bscnet.clouds.formats.npz.reader import NpzFile
from bscnet.clouds.points import Survey
from bscnet.clouds.writer import CloudWriter, Columns, Target


class NpzWriter(CloudWriter):
    """See `CloudWriter`.

    Of an NPZ file every member is copied, in its order and with its compression, those too that are no arrays of
    numbers; the added arrays are compressed as its points are. Colours of classes take the place of the colours' array
    in its own type. Other clouds become `FlatArrays`, not compressed. What comes in parts is kept in temporary files
    until the end, as an archive holds one array behind the other. What was done is not told.
    """

    def __init__(self, path: Path, stream: BinaryIO, target: Target) -> None:
        super().__init__(path, stream, target)
        source = target.source
        painted = target.recolored and COLORS[0] in source.columns
        self._new_colors = target.recolored and not painted
        self._largest = "255"
        self._body = KeptMembers(source, painted) if isinstance(source, NpzFile) else FlatArrays(source, painted)
        # other members are copied whole
        self.fields = self._body.fields if isinstance(self._body, KeptMembers) else None
        self._added = {one.name: SpooledArray(one.dtype) for one in target.added}
        if self._new_colors:
            self._added = {SHADES: SpooledArray(np.dtype(np.uint8), (3,))} | self._added

    def begin(self, survey: Survey, metres: tuple[float, float, float]) -> None:
        """See `CloudWriter`."""
        self._largest = survey.colors

    def write(self, rows: Rows, added: Columns) -> None:
        """See `CloudWriter`."""
        if isinstance(self._body, KeptMembers):
            self._body.paint(rows, added, self._largest)
        else:
            self._body.add(rows, added)
        for name, array in self._added.items():
            new_colors = self._new_colors and name == SHADES
            array.add(np.stack([added[color] for color in COLORS], axis=1) if new_colors else added[name])

    def finish(self) -> None:
        """See `CloudWriter`."""
        compression = self._body.compression if isinstance(self._body, KeptMembers) else zipfile.ZIP_STORED
        with zipfile.ZipFile(self.stream, "w") as archive:
            self._body.put(archive, self._added)
            for name, array in self._added.items():
                array.put(archive, new_info(name, compression))
