"""Blocks of output sites with alike neighbourhoods, so that few gathered rows are absent ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from bscnet.sparse.kernel_map import NeighbourTable
from bscnet.sparse.offsets import kernel_offsets

# Rows per block: on a CPU the gathered rows should stay in a core's cache; a GPU wants few, large launches.
_CPU_ROWS = 512
_GPU_ROWS = 1 << 15


class Block(NamedTuple):
    """Consecutive sites of a plan's order, and what they read.

    Attributes:
        begin: position of the first site in the order.
        end: one past that of the last site.
        cells: ``(C,)`` int64 cells of the kernel, those without a neighbour of any of the sites left out on a CPU.
        rows: ``(end - begin, C)`` rows of the neighbours; N where one is absent.
    """

    begin: int
    end: int
    cells: Tensor
    rows: Tensor


class BlockPlan:
    """How ``block_conv`` walks over a neighbour table.

    Sites are ordered by which planes of their neighbourhood are occupied (a floor has no neighbours above it), then cut
    into blocks; each block keeps only the columns in which one of its sites has a neighbour. On indoor scenes this
    halves the columns of a 5x5x5 table. On a GPU there are no small blocks and all columns stay.

    Args:
        table: of the level.

    Attributes:
        order: ``(N,)`` int64 row of each ordered site.
        inverse: ``(N,)`` int64 position of each row in the order.
        num_cells: K.
    """

    def __init__(self, table: NeighbourTable) -> None:
        rows, device = table.table, table.table.device
        n, self.num_cells = rows.shape
        compact = device.type == "cpu"
        step = _CPU_ROWS if compact else _GPU_ROWS
        present = rows < n if compact else None
        self.order = torch.arange(n, device=device) if present is None else _signature_order(table, present)
        self.inverse = torch.empty_like(self.order)
        self.inverse[self.order] = torch.arange(n, device=device)
        every = torch.arange(self.num_cells, device=device)
        ordered = rows.index_select(0, self.order)
        self._blocks: list[Block] = []
        for begin in range(0, n, step):
            part = ordered[begin : begin + step]
            columns = every if present is None else every[(part < n).any(0)]
            self._blocks.append(Block(begin, begin + len(part), columns, part.index_select(1, columns)))

    def blocks(self, cells: Tensor | None = None, mirror: bool = False) -> Iterator[Block]:
        """The blocks, with their cells as places in ``cells``.

        Args:
            cells: cells to keep; None keeps all.
            mirror: name each column by the cell on the other side of the site.
        """
        place = None
        if cells is not None:
            place = torch.full((self.num_cells,), -1, device=cells.device)
            place[cells] = torch.arange(len(cells), device=cells.device)
        for begin, end, columns, rows in self._blocks:
            named = self.num_cells - 1 - columns if mirror else columns
            if place is not None:
                named = place[named]
                keep = named >= 0
                if not bool(keep.all()):
                    named, rows = named[keep], rows.index_select(1, keep.nonzero().flatten())
            yield Block(begin, end, named, rows)


def _signature_order(table: NeighbourTable, present: Tensor) -> Tensor:
    # One bit for each plane of the cube parallel to an axis, the middle ones left out: they hold the site itself.
    offsets = kernel_offsets(table.kernel_size)
    radius = table.kernel_size // 2
    planes = [offsets[:, axis] == at for axis in (2, 0, 1) for at in range(-radius, radius + 1) if at]
    occupied = present.float() @ torch.stack(planes, dim=1).float() > 0
    weights = 2 ** torch.arange(len(planes) - 1, -1, -1)
    return torch.argsort((occupied * weights).sum(1), stable=True)
