"""The whole of a PLY file, by plyfile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plyfile import PlyData

CORNERS = ("vertex_indices", "vertex_index")
"""Names of a face's list of vertices."""

_TRIANGLES = {"face": dict.fromkeys(CORNERS, 3)}


def parse_ply(path: Path) -> PlyData:
    """All elements; raises whatever plyfile does on damaged bytes, which may be anything."""
    from plyfile import PlyData

    try:  # triangles are read as one block
        return PlyData.read(str(path), known_list_len=_TRIANGLES)
    except Exception as first:
        error = first
    try:  # other faces one by one
        return PlyData.read(str(path))
    except Exception:
        raise error from None
