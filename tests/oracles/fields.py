"""A blurred noise field and its interpolation from their definitions, node by node."""

from __future__ import annotations

import itertools
import math

import numpy as np


def box_blur_slow(field: np.ndarray, axis: int) -> np.ndarray:
    out = np.zeros_like(field, dtype=np.float64)
    for node in np.ndindex(field.shape):
        for step in (-1, 0, 1):
            other = list(node)
            other[axis] += step
            if 0 <= other[axis] < field.shape[axis]:
                out[node] += field[tuple(other)] / 3
    return out


def trilinear_slow(field: np.ndarray, position: np.ndarray) -> np.ndarray:
    value = np.zeros(field.shape[3])
    for node in itertools.product(*(range(size) for size in field.shape[:3])):
        weight = math.prod(max(0.0, 1 - abs(p - n)) for p, n in zip(position, node, strict=True))
        value += weight * field[node]
    return value
