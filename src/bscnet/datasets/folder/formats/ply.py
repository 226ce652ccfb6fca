"""PLY, binary or text, with or without faces, by plyfile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bscnet.data.ply_header import whole_header
from bscnet.data.ply_parse import parse_ply
from bscnet.datasets.folder.cloud import Cloud, make_cloud
from bscnet.errors import InputError


def read(path: Path) -> Cloud:
    """The vertices' scalar properties; lists (and all other elements) are no values of points and stay out.

    InputError, or whatever plyfile raises on damaged bytes.
    """
    whole_header(path)
    ply = parse_ply(path)
    if "vertex" not in ply or ply["vertex"].count == 0:
        raise InputError(f"{path}: the file has no vertices, but at least one is needed")
    data = ply["vertex"].data
    columns = {name: np.array(data[name]) for name in data.dtype.names if data.dtype[name].kind != "O"}
    return make_cloud(path, {name: _native(column) for name, column in columns.items()})


def _native(column: Any) -> Any:
    return column.astype(column.dtype.newbyteorder("="))
