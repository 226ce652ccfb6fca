"""NumPy's NPZ: `points` (P, 3) or `x`, `y`, `z` (P,), `colors` (P, 3), `labels` (P,), and further values (P,)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bscnet.datasets.folder.cloud import AXES, COLORS, Cloud, Column, make_cloud, split_wide
from bscnet.errors import InputError

_TRIPLES = {"points": AXES, "xyz": AXES, "positions": AXES, "colors": COLORS, "colours": COLORS, "rgb": COLORS}


def read(path: Path) -> Cloud:
    """Every array with one entry a point; arrays of another length (a pose, say) are no values of points.

    InputError, or whatever NumPy raises on damaged bytes.
    """
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
        arrays: dict[str, Column] = {name: archive[name] for name in archive.files}
    columns: dict[str, Column] = {}
    for name, axes in _TRIPLES.items():
        if name not in arrays:
            continue
        array = arrays.pop(name)
        if array.ndim != 2 or array.shape[1] != 3:
            raise InputError(f"{path}: the array '{name}' has shape {array.shape}, (P, 3) is needed")
        if axes[0] in columns or axes[0] in arrays:
            raise InputError(f"{path}: the array '{name}' and others hold {', '.join(axes)}, only one may")
        columns.update({axis: array[:, index] for index, axis in enumerate(axes)})
    first = columns.get("x", arrays.get("x"))
    if first is None:
        raise InputError(f"{path}: the array 'points' (P, 3) is missing, there are {', '.join(arrays) or 'no arrays'}")
    for name in ("label", "labels", *AXES):
        if name in arrays and arrays[name].shape != first.shape:
            raise InputError(f"{path}: the array '{name}' has shape {arrays[name].shape}, {first.shape} is needed")
    return make_cloud(path, {**columns, **split_wide(arrays, len(first) if first.ndim else 0)})
