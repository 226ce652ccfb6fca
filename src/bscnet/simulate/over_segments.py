"""The second way in which ScanNet's owners give labels: segments of the mesh, grouped into objects."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bscnet.datasets.scannet.mesh import read_corners, read_labels, read_mesh
from bscnet.simulate.classes import CLASS_IDS, CLUTTER_IDS, UNLABELLED
from bscnet.simulate.scannet_layout import scene_files, write_label_table, write_segments

CELL = 0.4
"""Objects are cut into segments along a grid of this many metres."""

_CATEGORY_OF = {label: name for name, label in {**CLASS_IDS, **CLUTTER_IDS}.items()}


def over_segment(
    points: NDArray[np.float32], faces: NDArray[np.integer], labels: NDArray[np.integer]
) -> tuple[NDArray[np.int64], list[tuple[str, list[int]]]]:
    """Segment of each vertex, and (category, segments) of each object.

    points: (P, 3) metres. faces: (F, 3). labels: (P,) NYU40 ids. An object is a connected part of the mesh with one
    label; unlabelled parts are segments of no object. A segment has the number of its first vertex, so the numbers
    have gaps, as the owners' have.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = np.concatenate([faces[:, :2], faces[:, 1:]])
    edges = edges[labels[edges[:, 0]] == labels[edges[:, 1]]]
    links = coo_array((np.ones(len(edges), np.int8), edges.T), shape=(len(points), len(points)))
    part = connected_components(links, directed=False)[1]
    cells = np.column_stack([part, np.floor(points / CELL).astype(np.int64)])
    first, segment = np.unique(cells, axis=0, return_index=True, return_inverse=True)[1:]
    groups = []
    for number in range(part.max() + 1):
        members = np.unique(first[segment[part == number]])
        label = int(labels[members[0]])
        if label != UNLABELLED:
            groups.append((_CATEGORY_OF[label], members.tolist()))
    return first[segment], groups


def add_segments(root: Path, scenes: Iterable[str]) -> None:
    """Write the segments and objects of scenes that are there, and the table of their categories.

    InputError: a scene is missing or damaged.
    """
    for name in scenes:
        folder = root / "scans" / name
        mesh, labelled = scene_files(folder, name)
        points, _ = read_mesh(mesh)
        faces = read_corners(mesh, len(points))
        write_segments(folder, name, *over_segment(points, faces, read_labels(labelled, len(points))))
    write_label_table(root, {name: label for label, name in _CATEGORY_OF.items()})
