"""A file of points: its fields as they are, and its points in chunks or whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import numpy as np

from bscnet.clouds.class_names import named_classes
from bscnet.clouds.cloud import Cloud, Column, joined
from bscnet.clouds.columns import AXES, Source, sources
from bscnet.clouds.fields import Field, Rows
from bscnet.errors import InputError
from bscnet.installation import how_to_install

CHUNK_POINTS = 500_000
"""Points that are read at once where the caller does not say how many."""


class CloudFile(ABC):
    """A file that has been looked at: its header is sound, it is as long as it must be, and it has points.

    Attributes:
        path: of the file.
        count: points, at least 1.
        fields: in the file's order; each name once.
        can_state_units: whether files of this format may say what unit of length they are in.
        units: of length along x and y, as the file states it: "m", "ft", "us-ft", "degree"; None where it does not.
        height_units: the same along z.
        comments: lines of text about the cloud.
        packed: names of fields that hold red, green and blue in 32 bits.
        beside: what it holds beside its fields, in words, that its own format alone can.
    """

    can_state_units = False
    units: str | None = None
    height_units: str | None = None
    comments: tuple[str, ...] = ()
    packed: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    def __init__(self, path: Path, count: int, fields: tuple[Field, ...]) -> None:
        if count < 1:
            raise InputError(f"{path}: the file has no points, but at least one is needed")
        self.path, self.count, self.fields = path, count, fields

    @abstractmethod
    def _rows(self, size: int, names: frozenset[str]) -> Iterator[Rows]:
        """All points in file order, `size` at a time; fields that are not among the names may be left out."""

    @cached_property
    def columns(self) -> Mapping[str, Source]:
        """Where each column of `chunks` comes from, by its name; InputError as of `sources`."""
        return sources(self.path, self.fields, self.packed)

    @property
    def class_names(self) -> Mapping[int, str]:
        """Names that the file gives to labels, by the label."""
        return named_classes(self.comments)

    def rows(self, size: int = CHUNK_POINTS, names: Collection[str] | None = None) -> Iterator[Rows]:
        """All points as they are, `size` at a time. May be called again.

        Args:
            size: points at once; the last part may have fewer.
            names: of fields; None for all. What a writer of the same format needs beside them is always there.

        Raises:
            InputError: the file ends early, or holds what its format does not allow.
        """
        wanted = (field.name for field in self.fields if names is None or field.name in names)
        yield from self._checked(size, frozenset(wanted))

    def chunks(self, size: int = CHUNK_POINTS, names: Collection[str] | None = None) -> Iterator[Cloud]:
        """All points, `size` at a time, as columns. May be called again.

        Args:
            size: points at once; the last part may have fewer.
            names: of columns; None for all. x, y and z are always there.

        Raises:
            InputError: as of `rows`.
        """
        wanted = [name for name in self.columns if names is None or name in names or name in AXES]
        fields = frozenset(self.columns[name].field for name in wanted)
        for rows in self._checked(size, fields):
            yield self.cloud(rows, wanted)

    def read(self, names: Collection[str] | None = None) -> Cloud:
        """All points at once: the chunks joined.

        Raises:
            InputError: as of `rows`.
        """
        return joined(list(self.chunks(self.whole_chunk, names)))

    @property
    def whole_chunk(self) -> int:
        """Points of a chunk when all are read; a format that holds them all anyway takes one chunk."""
        return self.count

    def cloud(self, rows: Rows, names: Collection[str] | None = None) -> Cloud:
        """The columns of some rows."""
        wanted = self.columns if names is None else names
        return Cloud({name: self._column(rows, name, self.columns[name]) for name in wanted}, rows.first)

    def _column(self, rows: Rows, name: str, source: Source) -> Column:
        values = rows.fields[source.field]
        if source.item is not None:
            values = values[:, source.item]
        if source.shift is not None:
            values = ((np.ascontiguousarray(values).view(np.uint32) >> source.shift) & 255).astype(np.uint8)
        if name not in AXES:
            return values
        with np.errstate(invalid="ignore"):  # a NaN of any bits is a NaN
            return values.astype(np.float64, copy=False)

    def _checked(self, size: int, names: frozenset[str]) -> Iterator[Rows]:
        """The rows, with whatever a parser raises in one sentence, and the file's promise kept."""
        left = self.count
        with one_sentence(self.path):
            for rows in self._rows(size, names):
                left -= len(rows)
                yield rows
            if left:
                raise InputError(f"{self.path}: the file is truncated, {left} of its {self.count} points are missing")


@contextmanager
def one_sentence(path: Path) -> Iterator[None]:
    """Whatever a parser raises on a file becomes one `InputError` that names it."""
    try:
        yield
    except (InputError, GeneratorExit, KeyboardInterrupt, SystemExit):
        raise
    except ImportError as error:
        raise InputError(f"{path}: reading it needs {error.name}: {how_to_install('predict')}") from error
    except PermissionError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror})") from error
    except BaseException as error:  # damaged bytes make parsers fail in any way; lazrs's panics are no Exception
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        kind = path.suffix[1:].upper()
        raise InputError(f"{path}: damaged, truncated or no {kind} file ({reason})") from error
