"""Labels of vertices from a scan's over-segmentation and the objects that its segments were grouped into.

<scene>_vh_clean_2.0.010000.segs.json    segIndices: the segment of each vertex of the mesh `<scene>_vh_clean_2.ply`
<scene>.aggregation.json                 segGroups: objectId, label (a raw category) and segments of each object

`<scene>_vh_clean.aggregation.json` groups the segments of the full mesh, as a rule. It is read only where the other is
absent, and refused if it says that it belongs to `<scene>_vh_clean.segs.json`, whose numbers mean other segments.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError

_FULL_MESH = "_vh_clean.segs.json"


def segment_files(folder: Path, scene: str) -> tuple[Path, Path]:
    """The segments and the groups of a scene in its own folder."""
    segments = folder / f"{scene}_vh_clean_2.0.010000.segs.json"
    groups = [folder / f"{scene}{kind}.aggregation.json" for kind in ("", "_vh_clean")]
    return segments, next((path for path in groups if path.is_file()), groups[0])


def read_segment_labels(
    segments_file: Path, groups_file: Path, table: Mapping[str, int | None], num_points: int
) -> npt.NDArray[np.int64]:
    """NYU40 id of each of the `num_points` vertices; 0 (unlabelled) for segments of no group.

    table: see `read_label_table`. A segment may be in several groups if they have the same NYU40 id (the owners' own
    files have such a scan). With different ids the label would hang on the order of the groups, so it is refused.
    InputError: a file missing or damaged, another number of vertices, a raw category that the table lacks, a group
    with a segment that no vertex has, groups of different ids that share a segment.
    """
    segments = _numbers(_field(_read(segments_file), "segIndices", segments_file), "segIndices", segments_file)
    if len(segments) != num_points:
        raise InputError(
            f"{segments_file}: segments of {len(segments)} vertices for the {num_points} vertices of the mesh, "
            "they must be as many"
        )
    known, segment_of_vertex = np.unique(segments, return_inverse=True)
    ids, group_of = np.zeros(len(known), np.int64), np.full(len(known), -1)
    for number, (category, members) in enumerate(_groups(groups_file)):
        nyu40 = _nyu40(category, table, groups_file)
        rows = np.minimum(np.searchsorted(known, members), len(known) - 1)
        absent = members[known[rows] != members]
        if len(absent):
            raise InputError(
                f"{groups_file}: group {number} ('{category}') holds segment {absent[0]}, which is not in "
                f"{segments_file.name}"
            )
        clash = rows[(group_of[rows] >= 0) & (ids[rows] != nyu40)]
        if len(clash):
            raise InputError(
                f"{groups_file}: segment {known[clash[0]]} is in groups {group_of[clash[0]]} and {number} with the "
                f"different NYU40 ids {ids[clash[0]]} and {nyu40}, a segment must have one"
            )
        ids[rows], group_of[rows] = nyu40, number
    return ids[segment_of_vertex]


def _groups(path: Path) -> list[tuple[str, npt.NDArray[np.int64]]]:
    """Raw category and segments of each group."""
    content = _read(path)
    belongs_to = content.get("segmentsFile")
    if isinstance(belongs_to, str) and belongs_to.endswith(_FULL_MESH):
        raise InputError(f"{path}: it groups the segments of another mesh ({belongs_to}), not of the _vh_clean_2 one")
    groups = _field(content, "segGroups", path)
    if not isinstance(groups, list):
        raise InputError(f"{path}: 'segGroups' must be a list of groups")
    found = []
    for number, group in enumerate(groups):
        if not isinstance(group, dict) or not isinstance(group.get("label"), str):
            raise InputError(f"{path}: group {number} has no 'label', it must be an object with label and segments")
        members = _numbers(group.get("segments"), f"segments of group {number}", path)
        found.append((group["label"], members))
    return found


def _nyu40(category: str, table: Mapping[str, int | None], path: Path) -> int:
    if category not in table:
        raise InputError(f"{path}: the raw category {category!r} is not in the table of raw categories")
    nyu40 = table[category]
    if nyu40 is None:
        raise InputError(
            f"{path}: the table of raw categories gives {category!r} different NYU40 ids, it must have one"
        )
    return nyu40


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: damaged or truncated JSON file ({' '.join(str(error).split())[:160]})") from error
    if not isinstance(content, dict):
        raise InputError(f"{path}: the file must hold one JSON object")
    return content


def _field(content: dict[str, Any], name: str, path: Path) -> Any:
    if name not in content:
        raise InputError(f"{path}: there is no '{name}' in the file")
    return content[name]


def _numbers(values: Any, what: str, path: Path) -> npt.NDArray[np.int64]:
    """A JSON list as whole numbers."""
    try:
        array = np.asarray(values if isinstance(values, list) else [None])
    except (ValueError, OverflowError, RecursionError):  # lists in the list, or too large a number
        array = np.empty((0, 0))
    if array.shape == (0,):
        array = array.astype(np.int64)
    if array.ndim != 1 or array.dtype != np.int64:
        raise InputError(f"{path}: the {what} must be a list of whole numbers")
    return array
