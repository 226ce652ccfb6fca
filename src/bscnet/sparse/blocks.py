"""Blocks of output sites with alike neighbourhoods, so that few gathered rows are absent ones."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from bscnet.sparse.kernel_map import NeighbourTable
from bscnet.sparse.offsets import kernel_offsets

# Rows per block: on a CPU the gathered rows should stay in a core's cache; a GPU wants few, large launches.
_CPU_ROWS = 256
_GPU_ROWS = 1 << 15

Block = tuple[int, int, Tensor, Tensor]


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
    """

    def __init__(self, table: NeighbourTable) -> None:
        compact = table.table.device.type == "cpu"
        n = len(table.table)
        self.order = _signature_order(table) if compact else torch.arange(n, device=table.table.device)
        self.inverse = torch.empty_like(self.order)
        self.inverse[self.order] = torch.arange(n, device=self.order.device)
        ordered = table.table.index_select(0, self.order)
        self._blocks: list[Block] = []
        for begin in range(0, n, _CPU_ROWS if compact else _GPU_ROWS):
            rows = ordered[begin : begin + (_CPU_ROWS if compact else _GPU_ROWS)]
            columns = (rows < n).any(0).nonzero().flatten() if compact else torch.arange(rows.shape[1]).to(rows.device)
            self._blocks.append((begin, begin + len(rows), columns, rows.index_select(1, columns)))

    def blocks(self, used: Tensor | None = None) -> Iterator[Block]:
        """Each block's first and last-but-one ordered site, its columns, and the rows they name.

        Args:
            used: ``(K,)`` bool, columns to keep; None keeps all.
        """
        if used is None:
            yield from self._blocks
            return
        for begin, end, columns, rows in self._blocks:
            keep = used[columns].nonzero().flatten()
            yield begin, end, columns[keep], rows.index_select(1, keep)


def _signature_order(table: NeighbourTable) -> Tensor:
    # One bit for each plane of the cube parallel to an axis, the middle ones left out: they hold the site itself.
    offsets = kernel_offsets(table.kernel_size)
    present = table.table < len(table.table)
    signature = torch.zeros(len(present), dtype=torch.int64)
    radius = table.kernel_size // 2
    for axis in (2, 0, 1):
        for plane in range(-radius, radius + 1):
            if plane:
                cells = (offsets[:, axis] == plane).nonzero().flatten()
                signature = 2 * signature + present.index_select(1, cells).any(1)
    return torch.argsort(signature, stable=True)
