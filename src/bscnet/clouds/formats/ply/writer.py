"""Writing PLY: a PLY given back as it is with properties added, or any other cloud as binary little endian vertices."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from bscnet.clouds.class_names import class_comments
from bscnet.clouds.columns import COLORS
from bscnet.clouds.fields import Rows
from bscnet.clouds.file import CloudFile
from bscnet.clouds.formats.ply.head import kept_head, new_head, plain_names, without_classes
from bscnet.clouds.formats.ply.kept import KeptVertices, packed
from bscnet.clouds.formats.ply.reader import PlyFile
from bscnet.clouds.formats.ply.types import held, name_of, type_for, type_of
from bscnet.clouds.points import Survey
from bscnet.clouds.writer import LABEL, CloudWriter, Columns, Target, flat_columns, flat_fields, moved_names
from bscnet.errors import InputError

_SHADE = np.dtype(np.uint8)


class PlyWriter(CloudWriter):
    """See `CloudWriter`. Types that PLY lacks become the smallest that holds all their values."""

    def __init__(self, path: Path, stream: BinaryIO, target: Target) -> None:
        super().__init__(path, stream, target)
        self._painted = target.recolored and COLORS[0] in target.source.columns
        shades = dict.fromkeys(COLORS, _SHADE) if target.recolored and not self._painted else {}
        self._added = shades | {one.name: self._type_added(one.name, one.dtype) for one in target.added}
        self._names = plain_names(self._added)
        self._kept = KeptVertices(target.source, self._painted) if isinstance(target.source, PlyFile) else None
        self._own: dict[str, np.dtype[Any]] = {}
        self._largest = "255"

    def begin(self, survey: Survey, metres: tuple[float, float, float]) -> None:
        """See `CloudWriter`."""
        source, target = self.target.source, self.target
        self._largest = survey.colors
        comments = [*target.comments, *class_comments(target.class_names)]
        added = {self._names[name]: dtype for name, dtype in self._added.items()}
        if self._kept is not None:
            assert isinstance(source, PlyFile)
            header = without_classes(source.header) if target.class_names else source.header
            moved = moved_names([one.name for one in source.vertex.properties], added)
            self.stream.write(kept_head(header, moved, added, comments))
            self._kept.copy_before(self.stream)
            return
        self._own = self._flat_types(source)
        plain = plain_names(self._own)
        moved = moved_names(plain.values(), added)
        plain = {name: moved.get(one, one) for name, one in plain.items()}
        own = {plain[name]: dtype for name, dtype in self._own.items()}
        renamed = (f"property {one} is column {name}" for name, one in plain.items() if one != name)
        self.stream.write(new_head(source.count, own | added, [*source.comments, *comments, *renamed]))

    def write(self, rows: Rows, added: Columns) -> None:
        """See `CloudWriter`."""
        ours = {name: self._held(name, added[name], dtype) for name, dtype in self._added.items()}
        if self._kept is not None:
            self.stream.write(self._kept.encoded(rows, ours, added, self._largest))
            return
        flat = flat_columns(self.target.source, rows)
        if self._painted:
            flat.update({color: added[color] for color in COLORS})
        own = {name: self._held(name, flat[name], dtype) for name, dtype in self._own.items()}
        self.stream.write(packed([*own.values(), *ours.values()], "<").tobytes())

    def finish(self) -> None:
        """See `CloudWriter`."""
        if self._kept is not None:
            self._kept.copy_behind(self.stream)

    def _type_added(self, name: str, dtype: np.dtype[Any]) -> np.dtype[Any]:
        known = type_of(dtype)
        if known is None and name == LABEL and self.target.labels:
            known = type_for([np.array(self.target.labels, dtype)])
        return np.dtype(np.float64) if known is None else known

    def _flat_types(self, source: CloudFile) -> dict[str, np.dtype[Any]]:
        """PLY's types of the source's columns; those of 64 bits are looked through."""
        types = {one.name: type_of(one.dtype) for one in flat_fields(source)}
        if self._painted:
            types |= dict.fromkeys(COLORS, _SHADE)
        found = {}
        for name, chosen in types.items():
            if chosen is None:
                chosen = type_for(cloud.columns[name] for cloud in source.chunks(names=[name]))
            if chosen is None:
                raise InputError(
                    f"{self.path}: PLY has no type that holds column '{name}' of {source.path} exactly, its whole "
                    "numbers must lie within 2^53 of 0"
                )
            found[name] = chosen
        return found

    def _held(self, name: str, values: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        found = held(values, dtype)
        if found is None:
            raise InputError(
                f"{self.path}: the column '{name}' has a value that its type in PLY, {name_of(dtype)}, does not hold"
            )
        return found
