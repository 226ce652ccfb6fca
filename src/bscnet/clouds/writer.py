"""Writing a cloud back with columns added: what every format's writer is given, and how names make room."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from bscnet.clouds.columns import AXES, COLORS
from bscnet.clouds.fields import Field, Rows
from bscnet.clouds.file import CloudFile
from bscnet.clouds.open import format_of
from bscnet.clouds.points import Survey

Columns = Mapping[str, npt.NDArray[Any]]

LABEL = "label"


@dataclass(frozen=True)
class Target:
    """What is to be written.

    Attributes:
        source: the cloud whose points are given back.
        added: fields of one value a point that come behind the source's; `LABEL` is one of them.
        labels: every number that points with a place may get; others may get one more, see `Survey.dropped`.
        recolored: whether `CloudWriter.write` is given red, green and blue (uint8) too, which take the place of the
            source's colours where it has some.
        comments: lines about what was done, for formats that have room for them.
        class_names: of labels.
    """

    source: CloudFile
    added: tuple[Field, ...]
    labels: tuple[int, ...] = ()
    recolored: bool = False
    comments: tuple[str, ...] = ()
    class_names: Mapping[int, str] = field(default_factory=dict)


class CloudWriter(ABC):
    """Points of a cloud with columns added, chunk after chunk: `begin`, `write` for each chunk in order, `finish`.

    A source of the same format is given back as it is: every field in its own type, what stands beside the points, and
    the way it was encoded. Of another format all columns are written that the format can hold. A field of the source
    that an added one would replace is kept under another name, see `moved_names`.

    Args:
        path: of the file, for the errors.
        stream: seekable; nothing is written before `begin`.
        target: what is to be written.

    Raises:
        InputError: the format cannot hold it.
    """

    fields: Collection[str] | None = None
    """Fields of the source that `write` looks at; None: all."""

    def __init__(self, path: Path, stream: BinaryIO, target: Target) -> None:
        self.path, self.stream, self.target = path, stream, target
        self.notes: list[str] = []
        """Sentences about what of the source is written otherwise than one may think, complete after `begin`."""

    @abstractmethod
    def begin(self, survey: Survey, metres: tuple[float, float, float]) -> None:
        """Write what comes before the points.

        Args:
            survey: of the source.
            metres: in a unit of the source's x, y and z.

        Raises:
            InputError: the format cannot hold these points.
        """

    @abstractmethod
    def write(self, rows: Rows, added: Columns) -> None:
        """Write the next points.

        Args:
            rows: of the source, with those of its fields that `fields` names.
            added: (P,) for each of the target's added fields and, if it is recoloured, for red, green and blue.

        Raises:
            InputError: the format cannot hold a value.
        """

    @abstractmethod
    def finish(self) -> None:
        """Write what comes behind the points. The stream stays open."""


def writer_of(path: Path, stream: BinaryIO, target: Target) -> CloudWriter:
    """The writer of the format that the path's ending names.

    Raises:
        InputError: no format has the ending, or it cannot hold the target.
    """
    known = format_of(path)
    module = importlib.import_module(f"bscnet.clouds.formats.{known.name}.writer")
    writer: CloudWriter = getattr(module, known.writer)(path, stream, target)
    return writer


def lost(source: CloudFile, path: Path) -> list[str]:
    """What a file of another format than the source's cannot hold or say of it, a sentence each.

    Args:
        source: the cloud.
        path: of the file that is written.
    """
    if format_of(path) == format_of(source.path):
        return []
    notes = []
    columns = {one.field for one in source.columns.values()}
    beside = [f"'{field.name}'" for field in source.fields if field.name not in columns] + list(source.beside)
    if beside:
        notes.append(f"not written, as only the scan's own format holds them: {', '.join(beside)}")
    if source.units not in (None, "m"):
        notes.append(
            f"the coordinates are in {source.units}, as the scan states, which {path.suffix.lower()} files do not say"
        )
    return notes


def moved_names(names: Collection[str], added: Collection[str]) -> dict[str, str]:
    """New names for those that an added one takes, whatever their case: NAME_input, or NAME_input2 and so on."""
    taken = {name.lower() for name in (*names, *added)}
    wanted = {name.lower() for name in added}
    moved = {}
    for name in names:
        if name.lower() not in wanted:
            continue
        number, other = 1, f"{name}_input"
        while other.lower() in taken:
            number += 1
            other = f"{name}_input{number}"
        moved[name] = other
        taken.add(other.lower())
    return moved


def flat_fields(source: CloudFile) -> tuple[Field, ...]:
    """The columns of a cloud as fields of one value a point: x, y, z, the colours, and all others.

    x, y and z are float32 or, where that does not hold the file's own numbers, float64.
    """
    kinds = {one.name: one.dtype for one in source.fields}
    found = []
    for name in [*AXES, *(name for name in COLORS if name in source.columns), *_others(source)]:
        dtype = kinds[source.columns[name].field]
        if source.columns[name].shift is not None:
            dtype = np.dtype(np.uint8)
        found.append(Field(name, np.result_type(dtype, np.float32) if name in AXES else dtype))
    return tuple(found)


def flat_columns(source: CloudFile, rows: Rows) -> dict[str, npt.NDArray[Any]]:
    """The arrays of `flat_fields`."""
    cloud = source.cloud(rows)
    return {one.name: cloud.columns[one.name].astype(one.dtype, copy=False) for one in flat_fields(source)}


def _others(source: CloudFile) -> list[str]:
    return [name for name in source.columns if name not in (*AXES, *COLORS)]
