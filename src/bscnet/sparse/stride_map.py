"""The kernel map between a level and the next coarser one, and sums over the sites below a coarse one.

Every fine site has one parent and sits in one of its eight cells. Nothing here adds to a row from several places at
once, so sums come out the same in every run, on a GPU as well.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from bscnet.sparse.coordinates import coordinate_keys


class Children(NamedTuple):
    """Rows grouped by the coarse site that they belong to.

    Attributes:
        rows: ``(N_fine,)`` int32.
        starts: ``(N_coarse,)`` int32, where in ``rows`` each group begins.
    """

    rows: Tensor
    starts: Tensor

    def sums(self, feats: Tensor) -> Tensor:
        """Sum of each group's rows of ``(N_fine, C)``, in the order of ``rows``; half precision is summed in float32.

        Returns:
            ``(N_coarse, C)``.
        """
        mode = 0  # sums
        return torch.embedding_bag(feats.contiguous(), self.rows, self.starts, False, mode)[0]


class ByCell(NamedTuple):
    """The fine sites in the order of their cells, so that those of a cell are consecutive.

    Attributes:
        fine: ``(N_fine,)`` int32 row of each site in this order.
        place: ``(N_fine,)`` int32 place of each row in it.
        coarse: ``(N_fine,)`` int32 row of each site's parent.
        children: places of the sites below each parent.
        bounds: for each of the 8 cells the place where its sites begin, and one past that of the last.
    """

    fine: Tensor
    place: Tensor
    coarse: Tensor
    children: Children
    bounds: list[tuple[int, int]]


class StrideMap:
    """The kernel map between a level and the next coarser one (kernel 2, stride 2).

    Attributes:
        parent: ``(N_fine,)`` int32 row of each fine site's parent ``floor(u / 2)``.
        cell: ``(N_fine,)`` int32 kernel cell of each fine site, ``u mod 2`` in the order of ``kernel_offsets(2)``.
        num_coarse: number of parents.
    """

    def __init__(self, parent: Tensor, cell: Tensor, starts: Tensor) -> None:
        self.parent = parent
        self.cell = cell
        self.num_coarse = len(starts)
        self._starts = starts

    @cached_property
    def children(self) -> Children:
        """Fine rows below each parent, ascending."""
        return Children(torch.argsort(self.parent, stable=True).int(), self._starts)

    @cached_property
    def by_cell(self) -> ByCell:
        """The order of cells; made with one read from the device."""
        cells, fine = torch.sort(self.cell, stable=True)
        place = torch.empty_like(self.cell)
        place[fine] = torch.arange(len(fine), dtype=torch.int32, device=fine.device)
        ends = torch.searchsorted(cells, torch.arange(8, device=cells.device), right=True).tolist()
        below = Children(place.index_select(0, self.children.rows), self._starts)
        coarse = self.parent.index_select(0, fine)
        return ByCell(fine.int(), place, coarse, below, list(zip([0, *ends[:-1]], ends, strict=True)))


def build_stride_map(coords: Tensor) -> tuple[Tensor, StrideMap]:
    """Coordinates of the coarser level and the map to it, with one read from the device: how many sites it has.

    Args:
        coords: ``(N, 4)`` integers of the fine level, in its own voxels.

    Returns:
        ``(N_coarse, 4)`` coordinates, sorted by key, and the ``StrideMap``.
    """
    spatial = coords[:, 1:]
    halved = torch.cat([coords[:, :1], spatial >> 1], dim=1)
    unique, parent, counts = torch.unique(coordinate_keys(halved), return_inverse=True, return_counts=True)
    coarse = torch.empty((len(unique), 4), dtype=coords.dtype, device=coords.device)
    coarse[parent] = halved
    x, y, z = (spatial & 1).int().unbind(1)
    starts = (counts.cumsum(0) - counts).int()
    return coarse, StrideMap(parent.int(), x + 2 * y + 4 * z, starts)
