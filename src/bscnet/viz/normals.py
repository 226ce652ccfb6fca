"""Which way surfaces face, from the spread of the points in small cubes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FEWEST = 4


def surface_normals(points: NDArray[np.floating], cell: float) -> NDArray[np.float64]:
    """Unit normals (P, 3), of either sign: in each cube the direction in which its points spread least.

    Points of cubes with fewer than four points face straight up.

    Args:
        points: (P, 3) metres.
        cell: side of the cubes, metres.
    """
    points = np.asarray(points, dtype=np.float64)
    # layers are numbered as they occur, so that one number names a cube however far apart they lie
    layers = [np.unique(np.floor(column / cell), return_inverse=True) for column in points.T]
    number = np.ravel_multi_index([layer for _, layer in layers], [len(present) for present, _ in layers])
    _, cube, counts = np.unique(number, return_inverse=True, return_counts=True)

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(cube, values) / counts)

    away = points - np.stack([mean(column) for column in points.T], axis=1)[cube]
    spread = np.empty((len(counts), 3, 3))
    for one in range(3):
        for other in range(one + 1):
            spread[:, one, other] = spread[:, other, one] = mean(away[:, one] * away[:, other])
    normals = np.linalg.eigh(spread)[1][:, :, 0]
    normals[counts < _FEWEST] = (0.0, 0.0, 1.0)
    return np.asarray(normals[cube])
