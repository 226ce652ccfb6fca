"""The submanifold kernel map: which row each kernel cell of each site reads.

Two forms of the same relation: a neighbour table, output-major, and the list of (output row, input row) pairs per cell.
"""

from __future__ import annotations

import math
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import pad

from bscnet.sparse.coordinates import KEY_STRIDES, coordinate_keys
from bscnet.sparse.offsets import kernel_offsets

Pairs = list[tuple[Tensor, Tensor]]


class NeighbourTable:
    """The submanifold kernel map of one level: input sites are the output sites.

    Attributes:
        table: ``(N, K)`` int32; row of the site at ``u + offset_k``, or N where that site is absent.
        kernel_size: cells per axis (odd); ``K = kernel_size**3`` in the order of ``kernel_offsets``.
    """

    def __init__(self, table: Tensor, kernel_size: int) -> None:
        self.table = table
        self.kernel_size = kernel_size

    @cached_property
    def counts(self) -> Tensor:
        """Present neighbours per cell, ``(K,)`` int64 on the CPU: the length of each cell's pair list."""
        return (self.table < len(self.table)).sum(0).cpu()

    @cached_property
    def pairs(self) -> Pairs:
        """(output rows, input rows) of each cell, output rows ascending and unique within a cell."""
        by_cell = self.table.t().contiguous()
        cells, rows = torch.nonzero(by_cell < len(self.table), as_tuple=True)
        sources = by_cell[cells, rows].long()
        lengths = torch.bincount(cells, minlength=by_cell.shape[0]).tolist()
        return list(zip(rows.split(lengths), sources.split(lengths), strict=True))


# A dense grid of rows is made where it has at most this many cells a site, and in all.
_GRID_CELLS_PER_SITE = 256
_GRID_CELLS = 1 << 25


def build_table(coords: Tensor, kernel_size: int) -> NeighbourTable:
    """Neighbour table of a set of sites with itself: by a grid where the scenes fill one well enough, else by search.

    Away from the CPU always by search: whether a grid is small enough would have to be read from the device.

    Args:
        coords: ``(N, 4)`` integers [batch, x, y, z], without duplicates.
        kernel_size: odd number of cells per axis.
    """
    if coords.device.type == "cpu":
        lowest, extent = _bounding_boxes(coords, margin=kernel_size // 2)
        cells = len(lowest) * math.prod(extent)
        if cells <= min(_GRID_CELLS, _GRID_CELLS_PER_SITE * len(coords)):
            return table_by_grid(coords, kernel_size)
    return table_by_search(coords, kernel_size)


def table_by_grid(coords: Tensor, kernel_size: int) -> NeighbourTable:
    """As ``build_table``, through a dense grid that holds every site's row: one look-up a cell."""
    n, radius = len(coords), kernel_size // 2
    lowest, (nx, ny, nz) = _bounding_boxes(coords, margin=radius)
    strides = torch.tensor([nx * ny * nz, ny * nz, nz, 1], device=coords.device)
    batch = coords[:, :1].long()
    cell = (torch.cat([batch, coords[:, 1:].long() - lowest[batch.flatten()]], dim=1) * strides).sum(1)
    grid = torch.full((len(lowest) * nx * ny * nz,), n, dtype=torch.int32, device=coords.device)
    grid[cell] = torch.arange(n, dtype=torch.int32, device=coords.device)
    steps = (kernel_offsets(kernel_size).to(coords.device) * strides[1:]).sum(1)
    return NeighbourTable(grid.take(cell[:, None] + steps), kernel_size)


def table_by_search(coords: Tensor, kernel_size: int) -> NeighbourTable:
    """As ``build_table``, by binary search among sorted keys, whatever the extent.

    For each (dx, dy) one search finds where the run along z begins; the cells of the run are then read by walking on
    through the keys, so a 5x5x5 table costs 25 searches a site and not 125. Nothing is read from the device.
    """
    n, k, radius = len(coords), kernel_size, kernel_size // 2
    ordered, order = torch.sort(coordinate_keys(coords))
    rows = pad(order.int(), (0, 1), value=n)
    # One key that nothing equals, so that walking past the end finds no neighbour.
    padded = pad(ordered, (0, 1), value=torch.iinfo(torch.int64).max)
    across = torch.arange(-radius, radius + 1, device=coords.device)[:, None] * KEY_STRIDES[0]
    table = torch.empty((k, k, k, n), dtype=torch.int32, device=coords.device)  # z, y, x, site
    for iy in range(k):
        start = ordered + across + ((iy - radius) * KEY_STRIDES[1] - radius)
        at = torch.searchsorted(ordered, start)
        for iz in range(k):
            hit = padded[at] == start + iz
            table[iz, iy] = torch.where(hit, rows[at], n)
            at = at + hit
    by_row = torch.empty((n, k**3), dtype=torch.int32, device=coords.device)
    by_row[order] = table.reshape(k**3, n).t()
    return NeighbourTable(by_row, k)


def _bounding_boxes(coords: Tensor, margin: int) -> tuple[Tensor, tuple[int, int, int]]:
    """Lowest corner of each batch's sites, ``(B, 3)``, and the extent that holds any batch's; both with the margin."""
    batch = coords[:, :1].long().expand(-1, 3)
    spatial = coords[:, 1:].long()
    lowest = spatial.new_zeros(int(coords[:, 0].max()) + 1, 3)
    highest = lowest.scatter_reduce(0, batch, spatial, "amax", include_self=False)
    lowest = lowest.scatter_reduce(0, batch, spatial, "amin", include_self=False)
    nx, ny, nz = ((highest - lowest).amax(0) + 1 + 2 * margin).tolist()
    return lowest - margin, (nx, ny, nz)
