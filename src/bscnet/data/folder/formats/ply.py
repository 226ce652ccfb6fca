"""PLY, binary or text, with or without faces, by plyfile."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from bscnet.data.folder.cloud import Cloud, make_cloud
from bscnet.errors import InputError

_TRIANGLES = {"face": {"vertex_indices": 3, "vertex_index": 3}}
_HEADER_BYTES = 1 << 20
_COUNT = re.compile(rb"^element\s+(\S+)\s+(\d+)\s*$", re.MULTILINE)


def read(path: Path) -> Cloud:
    """The vertices' scalar properties; lists (and all other elements) are no values of points and stay out.

    InputError, or whatever plyfile raises on damaged bytes.
    """
    _check_counts(path)
    ply = _parse(path)
    if "vertex" not in ply or ply["vertex"].count == 0:
        raise InputError(f"{path}: the file has no vertices, but at least one is needed")
    data = ply["vertex"].data
    columns = {name: np.array(data[name]) for name in data.dtype.names if data.dtype[name].kind != "O"}
    return make_cloud(path, {name: _native(column) for name, column in columns.items()})


def _check_counts(path: Path) -> None:
    """No element can have more entries than the file has bytes: told before a parser makes room for them."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        header = stream.read(_HEADER_BYTES).replace(b"\r", b"\n").partition(b"end_header")[0]
    for name, count in _COUNT.findall(header):
        if len(count) > 15 or int(count) > size:
            raise InputError(
                f"{path}: the file is truncated or damaged, its header tells of {count.decode()[:20]} entries of "
                f"'{name.decode('ascii', 'replace')}', more than the {size} bytes of the file"
            )


def _parse(path: Path) -> Any:
    from plyfile import PlyData

    try:  # triangles are read as one block
        return PlyData.read(str(path), known_list_len=_TRIANGLES)
    except Exception as first:
        error = first
    try:  # other faces one by one
        return PlyData.read(str(path))
    except Exception:
        raise error from None


def _native(column: Any) -> Any:
    return column.astype(column.dtype.newbyteorder("="))
