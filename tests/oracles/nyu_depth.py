"""The protocol of NYU Depth v2 from its description, pixel by pixel and for a whole image at once.

Images have the axes that h5py shows: colours [channel, x, y], depth and ids [x, y].
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

TABLES = Path(__file__).parents[2] / "src" / "bscnet" / "datasets" / "tables"


def nyu40_of() -> dict[int, int]:
    """The class table, ids from 1 to 894."""
    with (TABLES / "nyu894_to_nyu40.csv").open(encoding="utf-8", newline="") as stream:
        return {int(row["nyu894_id"]): int(row["nyu40_id"]) for row in csv.DictReader(stream)}


def row_of(x: int, y: int) -> int:
    """Where a pixel of the crop x 40..599, y 45..469 stands in its scan: column after column."""
    return (x - 40) * 425 + (y - 45)


def pixel(colors: np.ndarray, depth: np.ndarray, ids: np.ndarray, x: int, y: int) -> tuple[list[float], list[int], int]:
    """(coordinates, RGB, class) of one pixel: (x - 320, y - 240, 100 · depth - mean), mean over the whole image."""
    total = sum(float(value) for column in depth for value in column)
    mean = 100.0 * total / (640 * 480)
    name = int(ids[x, y])
    label = -100 if name == 0 else nyu40_of()[name] - 1
    return [x - 320.0, y - 240.0, 100.0 * float(depth[x, y]) - mean], [int(colors[c, x, y]) for c in range(3)], label


def whole(colors: np.ndarray, depth: np.ndarray, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(coordinates (P, 3) float64, RGB (P, 3), classes (P,)) of all pixels of the crop."""
    xs, ys = np.repeat(np.arange(40, 600), 425), np.tile(np.arange(45, 470), 560)
    centimetres = 100.0 * depth.astype(np.float64)
    coords = np.stack([xs - 320.0, ys - 240.0, centimetres[xs, ys] - centimetres.mean()], axis=1)
    table = np.full(895, -100)
    for name, nyu40 in nyu40_of().items():
        table[name] = nyu40 - 1
    return coords, colors[:, xs, ys].T, table[ids[xs, ys]]
