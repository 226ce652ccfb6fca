"""Writing scans as ScanNet's owners lay them out on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bscnet.simulate.classes import LABEL_COLOURS
from bscnet.simulate.fusion import ScannedMesh
from bscnet.whole_file import write_text_whole

_VERTEX = [("xyz", "<f4", 3), ("rgba", "u1", 4)]
_LABELLED_VERTEX = [*_VERTEX, ("label", "<u2")]
_FACE = np.dtype([("count", "u1"), ("corners", "<i4", 3)])


def scene_files(folder: Path, name: str) -> tuple[Path, Path]:
    """The mesh and the labels of scene `name` in its own folder."""
    return folder / f"{name}_vh_clean_2.ply", folder / f"{name}_vh_clean_2.labels.ply"


def write_scene(folder: Path, name: str, mesh: ScannedMesh, labelled: bool = True) -> None:
    """Write `NAME_vh_clean_2.ply` and, where the scan has labels, `NAME_vh_clean_2.labels.ply` into `folder`."""
    scan, labels = scene_files(folder, name)
    scan.write_bytes(_ply(mesh.points, mesh.colours, mesh.faces))
    if labelled:
        palette = np.zeros((max(LABEL_COLOURS) + 2, 3), dtype=np.uint8)
        palette[list(LABEL_COLOURS)] = list(LABEL_COLOURS.values())
        labels.write_bytes(_ply(mesh.points, palette[mesh.labels], mesh.faces, mesh.labels))


def write_segments(
    folder: Path, name: str, segments: NDArray[np.int64], groups: Sequence[tuple[str, list[int]]]
) -> None:
    """Write `NAME_vh_clean_2.0.010000.segs.json` and `NAME.aggregation.json` into `folder`.

    segments: (V,) segment of each vertex. groups: (raw category, segments) of each object.
    """
    segments_name = f"{name}_vh_clean_2.0.010000.segs.json"
    content = {"params": {"simulated": "true"}, "sceneId": name, "segIndices": segments.tolist()}
    write_text_whole(folder / segments_name, json.dumps(content, separators=(",", ":")))
    objects = [
        {"id": number, "objectId": number, "segments": members, "label": category}
        for number, (category, members) in enumerate(groups)
    ]
    content = {"sceneId": name, "appId": "simulated", "segGroups": objects, "segmentsFile": segments_name}
    write_text_whole(folder / f"{name}.aggregation.json", json.dumps(content, separators=(",", ":")))


def write_label_table(root: Path, nyu40_ids: Mapping[str, int]) -> None:
    """Write `ROOT/scannetv2-labels.combined.tsv`: the NYU40 id of each raw category, by the owners' column names."""
    rows = [f"{i}\t{name}\t{name}\t{label}\t{name}" for i, (name, label) in enumerate(nyu40_ids.items(), 1)]
    lines = ["id\traw_category\tcategory\tnyu40id\tnyu40class", *rows]
    write_text_whole(root / "scannetv2-labels.combined.tsv", "".join(f"{line}\n" for line in lines))


def write_split(root: Path, split: str, names: Sequence[str]) -> None:
    """Write `ROOT/splits/scannetv2_SPLIT.txt`, one scene a line, in one step."""
    folder = root / "splits"
    folder.mkdir(exist_ok=True)
    write_text_whole(folder / f"scannetv2_{split}.txt", "".join(f"{name}\n" for name in names))


def _ply(
    points: NDArray[np.float32],
    colours: NDArray[np.uint8],
    faces: NDArray[np.int32],
    labels: NDArray[np.uint16] | None = None,
) -> bytes:
    vertices = np.zeros(len(points), dtype=_VERTEX if labels is None else _LABELLED_VERTEX)
    vertices["xyz"] = points
    vertices["rgba"][:, :3] = colours
    vertices["rgba"][:, 3] = 255
    if labels is not None:
        vertices["label"] = labels
    corners = np.zeros(len(faces), dtype=_FACE)
    corners["count"] = 3
    corners["corners"] = faces
    header = [
        "ply",
        "format binary_little_endian 1.0",
        "comment simulated scan",
        f"element vertex {len(points)}",
        *(f"property float {axis}" for axis in "xyz"),
        *(f"property uchar {channel}" for channel in ("red", "green", "blue", "alpha")),
        *(["property ushort label"] if labels is not None else []),
        f"element face {len(faces)}",
        "property list uchar int vertex_indices",
        "end_header\n",
    ]
    return "\n".join(header).encode("ascii") + vertices.tobytes() + corners.tobytes()
