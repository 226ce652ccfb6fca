"""The quantization error of a layer from its definition, in NumPy: one site, one cell and one channel at a time."""

from __future__ import annotations

import itertools

import numpy as np

Array = np.ndarray


def signs(values: Array) -> Array:
    return np.where(values >= 0, 1.0, -1.0)


def cube() -> list[tuple[int, int, int]]:
    """Cells of a 3x3x3 kernel, x fastest."""
    return [(x, y, z) for z, y, x in itertools.product((-1, 0, 1), repeat=3)]


def window(coords: Array, site: int, shift: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    """Where the 27 cells of a site lie when the kernel's cell ``shift`` is on it."""
    _, x, y, z = (int(value) for value in coords[site])
    return [(x + i - shift[0], y + j - shift[1], z + k - shift[2]) for i, j, k in cube()]


def rows_by_definition(coords: Array, shift: tuple[int, int, int]) -> list[list[int | None]]:
    """The row of each cell of each site; None where it is absent."""
    row_of = {tuple(int(value) for value in site[1:]): row for row, site in enumerate(coords)}
    return [[row_of.get(cell) for cell in window(coords, site, shift)] for site in range(len(coords))]


def nearest_rows(coords: Array, cell: tuple[int, int, int]) -> set[int]:
    """All sites that no other site is nearer than."""
    away = ((coords[:, 1:].astype(np.int64) - np.array(cell)) ** 2).sum(1)
    return set(np.flatnonzero(away == away.min()).tolist())


def response(h: Array, weight: Array, rows: list[list[int | None]]) -> Array:
    """``y_u = sum_k W_k^T h_row``; absent cells add nothing."""
    out = np.zeros((len(rows), weight.shape[2]))
    for site, cells in enumerate(rows):
        for cell, row in enumerate(cells):
            if row is not None:
                out[site] += h[row] @ weight[cell]
    return out


def layer_nmse(y: Array, b: Array, offset: bool = False) -> float:
    """``sum |Y - fit|^2 / sum |Y|^2`` over channels, the fit by least squares: alpha B, or alpha B + beta."""
    error = power = 0.0
    for channel in range(y.shape[1]):
        target = y[:, channel]
        design = b[:, [channel]]
        if offset:
            design = np.concatenate([design, np.ones_like(design)], axis=1)
        fit = design @ np.linalg.lstsq(design, target, rcond=None)[0]
        error += ((target - fit) ** 2).sum()
        power += ((target - target.mean()) ** 2).sum() if offset else (target**2).sum()
    return float(error / power)
