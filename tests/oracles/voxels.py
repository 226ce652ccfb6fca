"""Voxelization from its definition, with dictionaries."""

from __future__ import annotations

import math
from functools import reduce
from operator import add

import numpy as np


def voxelize_slow(
    positions: np.ndarray, feats: np.ndarray
) -> tuple[dict[tuple[int, ...], list[float]], list[tuple[int, ...]]]:
    """Mean feature of every occupied cell, summed in the order of the points, and the cell of every point."""
    cells = [tuple(math.floor(value) for value in point) for point in positions.tolist()]
    members: dict[tuple[int, ...], list[list[float]]] = {}
    for cell, feat in zip(cells, feats.tolist(), strict=True):
        members.setdefault(cell, []).append(feat)
    means = {
        cell: [reduce(add, column, 0.0) / len(rows) for column in zip(*rows, strict=True)]
        for cell, rows in members.items()
    }
    return means, cells
