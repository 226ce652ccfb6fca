"""The distinct ones of many numbers of cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

CELLS_PER_KEY = 32
"""A table of cells is filled, rather than keys sorted, where it has at most so many cells a key."""
_RUN_BITS = 6
"""Cells of a run, as a power of two."""

Keys = npt.NDArray[np.int64]


def distinct(keys: Keys, num_cells: int, cells_per_key: int = CELLS_PER_KEY) -> tuple[Keys, npt.NDArray[np.int32]]:
    """Sorted distinct keys, below num_cells, and each key's row in them.

    A room fills a small box, where marking its cells is several times faster than sorting. At fine voxels most runs of
    cells are empty: there the cells of those that are not are numbered anew first. Other scans are sorted.

    cells_per_key: of a table at most; it takes five bytes a cell.
    """
    if num_cells <= cells_per_key * len(keys):
        return _by_table(keys, num_cells)
    num_runs = (num_cells - 1 >> _RUN_BITS) + 1
    if num_runs <= cells_per_key * len(keys):
        runs, run_of_key = _by_table(keys >> _RUN_BITS, num_runs)
        within = (1 << _RUN_BITS) - 1
        closer = run_of_key.astype(np.int64) << _RUN_BITS | keys & within
        unique, rows = _by_table(closer, len(runs) << _RUN_BITS)
        return runs[unique >> _RUN_BITS] << _RUN_BITS | unique & within, rows
    unique, inverse = np.unique(keys, return_inverse=True)
    return unique, inverse.astype(np.int32)


def _by_table(keys: Keys, num_cells: int) -> tuple[Keys, npt.NDArray[np.int32]]:
    """As `distinct`, through arrays with a place for every cell."""
    occupied = np.zeros(num_cells, dtype=bool)
    occupied[keys] = True
    unique = np.flatnonzero(occupied)
    row_of_cell = np.empty(num_cells, dtype=np.int32)
    row_of_cell[unique] = np.arange(len(unique), dtype=np.int32)
    return unique, row_of_cell[keys]


def unpacked(keys: Keys, origin: Keys, size: Keys) -> npt.NDArray[np.int32]:
    """(N, 3) x, y, z of cells that are numbered within a box, z fastest.

    origin: (3,) the box's first cell. size: (3,) cells on each axis.
    """
    rest, z = np.divmod(keys, size[2])
    x, y = np.divmod(rest, size[1])
    return np.stack([axis + first for axis, first in zip((x, y, z), origin, strict=True)], axis=1).astype(np.int32)
