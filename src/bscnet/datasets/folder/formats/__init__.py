"""Readers of point cloud files, one module a format; each gives a `Cloud`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bscnet.datasets.folder.cloud import Cloud
from bscnet.errors import InputError

MODULES = {
    ".ply": "ply",
    ".pcd": "pcd",
    ".las": "las",
    ".laz": "las",
    ".npz": "npz",
    ".xyz": "xyz",
    ".txt": "xyz",
    ".csv": "xyz",
    ".asc": "xyz",
    ".pts": "xyz",
}
"""The module that reads files of each ending; endings are lower case."""


def read_cloud(path: Path, columns: Sequence[str] | None = None) -> Cloud:
    """All points of a file, by the ending of its name.

    columns: names of the columns of a text file; other formats name their own.
    InputError: another ending, no such file, an empty, truncated or damaged one, no points, no x, y or z.
    """
    name = format_of(path, MODULES)
    with one_sentence(path):
        module = importlib.import_module(f"bscnet.datasets.folder.formats.{name}")
        cloud: Cloud = module.read(path, columns) if name == "xyz" else module.read(path)
        return cloud


def format_of(path: Path, formats: Mapping[str, str]) -> str:
    """The format of the file's ending; InputError: another ending than `formats` has, no such file, or an empty one."""
    suffix = path.suffix.lower()
    if suffix not in formats:
        raise InputError(
            f"{path}: clouds are read from {', '.join(formats)} files, not from {suffix or 'a name without ending'}"
        )
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise InputError(f"{path}: the file is empty")
    return formats[suffix]


@contextmanager
def one_sentence(path: Path, extra: str = "train") -> Iterator[None]:
    """Whatever a parser raises on a file becomes one `InputError` that names it. extra: of pip, that brings parsers."""
    try:
        yield
    except (InputError, GeneratorExit, KeyboardInterrupt, SystemExit):
        raise
    except ImportError as error:
        raise InputError(f"{path}: reading it needs {error.name}: pip install 'bscnet[{extra}]'") from error
    except PermissionError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror})") from error
    except BaseException as error:  # damaged bytes make parsers fail in any way; lazrs's panics are no Exception
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        kind = path.suffix[1:].upper()
        raise InputError(f"{path}: damaged, truncated or no {kind} file ({reason})") from error
