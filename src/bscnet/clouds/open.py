"""The door to every cloud: the format of a file's ending."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bscnet.clouds.cloud import Cloud
from bscnet.clouds.file import CloudFile, one_sentence
from bscnet.errors import InputError


class Format(NamedTuple):
    """A format: `bscnet.clouds.formats.NAME` has the class `reader` in its module reader, `writer` in writer."""

    name: str
    reader: str
    writer: str


_PLY = Format("ply", "PlyFile", "PlyWriter")
_PCD = Format("pcd", "PcdFile", "PcdWriter")
_LAS = Format("las", "LasFile", "LasWriter")
_NPZ = Format("npz", "NpzFile", "NpzWriter")
_TEXT = Format("text", "TextFile", "TextWriter")

ENDINGS = {
    ".ply": _PLY,
    ".pcd": _PCD,
    ".las": _LAS,
    ".laz": _LAS,
    ".npz": _NPZ,
    ".xyz": _TEXT,
    ".txt": _TEXT,
    ".csv": _TEXT,
    ".asc": _TEXT,
    ".pts": _TEXT,
}
"""The format of each ending; endings are lower case."""


def open_cloud(path: Path | str, columns: Sequence[str] | None = None) -> CloudFile:
    """Look at a file of points: its fields, and whether it is sound as far as its header and size tell.

    Args:
        path: of the file; the ending of its name tells the format.
        columns: names of the columns of a text file; other formats name their own.

    Raises:
        InputError: another ending, no such file, an empty, truncated or damaged one, no points.
    """
    path = Path(path)
    known = format_of(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    with one_sentence(path):
        reader = getattr(importlib.import_module(f"bscnet.clouds.formats.{known.name}.reader"), known.reader)
        cloud: CloudFile = reader(path, columns) if known is _TEXT else reader(path)
        return cloud


def read_cloud(path: Path | str, columns: Sequence[str] | None = None) -> Cloud:
    """All points of a file, all columns.

    Raises:
        InputError: as of `open_cloud` and `CloudFile.read`.
    """
    return open_cloud(path, columns).read()


def format_of(path: Path) -> Format:
    """The format of a name's ending.

    Raises:
        InputError: no format has it.
    """
    suffix = path.suffix.lower()
    if suffix not in ENDINGS:
        raise InputError(f"{path}: clouds end in {', '.join(ENDINGS)}, not in {suffix or 'a name without ending'}")
    return ENDINGS[suffix]
