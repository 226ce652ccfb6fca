"""Readers of clouds a chunk at a time, one module a format: PLY and NPZ with NumPy alone, LAS and LAZ by laspy."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from bscnet.datasets.folder.formats import format_of
from bscnet.errors import InputError
from bscnet.prediction.cloud import CloudFile

MODULES = {".ply": "ply", ".npz": "npz", ".las": "las", ".laz": "las"}
"""The module that reads files of each ending; endings are lower case."""


def open_cloud(path: Path, colored: bool = True, values: Sequence[str] = ()) -> CloudFile:
    """The cloud in a file, by the ending of its name.

    Args:
        path: of the file.
        colored: whether points must have colours.
        values: names of what points must have beside position and colour.

    Raises:
        InputError: another ending, no such file, a damaged file, no points, no colours where they are needed, no such
            values.
    """
    module = importlib.import_module(f"bscnet.prediction.formats.{format_of(path, MODULES)}")
    try:
        cloud: CloudFile = module.open_file(path, colored, values)
    except PermissionError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror})") from error
    return cloud
