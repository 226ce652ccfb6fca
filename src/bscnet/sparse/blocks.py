"""Blocks of output sites in which a convolution walks over a neighbour table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from bscnet.sparse.kernel_map import NeighbourTable
from bscnet.sparse.offsets import kernel_offsets

# Rows of a block on a CPU: what is gathered should stay in a core's cache.
_CPU_ROWS = 512
# Bytes that a block gathers elsewhere: few, large launches, and yet little memory beside what a step keeps.
_GATHERED_BYTES = 1 << 28


class Block(NamedTuple):
    """Consecutive sites of a plan's order, and what they read.

    Attributes:
        begin: position of the first site in the order.
        end: one past that of the last site.
        slices: ``(C,)`` int64 slices of the weight, those without a neighbour of any of the sites left out; None: all
            of them, in their order.
        rows: ``(end - begin, C)`` int32 rows that the slices multiply; N where one is absent.
    """

    begin: int
    end: int
    slices: Tensor | None
    rows: Tensor


class BlockPlan(Protocol):
    """How ``block_conv`` walks over a neighbour table.

    Attributes:
        order: ``(N,)`` int32 row of each ordered site; None where that is its position.
        inverse: ``(N,)`` int32 position of each row in the order; None likewise.
    """

    order: Tensor | None
    inverse: Tensor | None

    def blocks(self, cells: Tensor | None, row_bytes: int, mirror: bool = False) -> Iterator[Block]:
        """The blocks that together hold every site once.

        Args:
            cells: ``(S,)`` int64 cells that the weight's slices belong to; None: all K.
            row_bytes: bytes of a row that is gathered.
            mirror: read each slice's row through the cell on the other side of the site.
        """
        ...


class CompactPlan:
    """A plan for the CPU: small blocks of sites with alike neighbourhoods, so that few gathered rows are absent ones.

    Sites are ordered by which planes of their neighbourhood are occupied (a floor has no neighbours above it), then cut
    into blocks; each block keeps only the columns in which one of its sites has a neighbour. On indoor scenes this
    halves the columns of a 5x5x5 table.

    Args:
        table: of the level.
    """

    def __init__(self, table: NeighbourTable) -> None:
        rows, device = table.table, table.table.device
        n, self._num_cells = rows.shape
        order = _signature_order(table, rows < n)
        self.order: Tensor | None = order.int()
        self.inverse: Tensor | None = torch.empty_like(self.order)
        self.inverse[order] = torch.arange(n, dtype=torch.int32, device=device)
        every = torch.arange(self._num_cells, device=device)
        ordered = rows.index_select(0, order)
        self._blocks: list[tuple[int, int, Tensor, Tensor]] = []
        for begin in range(0, n, _CPU_ROWS):
            part = ordered[begin : begin + _CPU_ROWS]
            columns = every[(part < n).any(0)]
            self._blocks.append((begin, begin + len(part), columns, part.index_select(1, columns)))

    def blocks(self, cells: Tensor | None, row_bytes: int, mirror: bool = False) -> Iterator[Block]:
        """See `BlockPlan.blocks`; blocks are as long as they were made, whatever a row takes."""
        place = None
        if cells is not None:
            place = torch.full((self._num_cells,), -1, device=cells.device)
            place[cells] = torch.arange(len(cells), device=cells.device)
        for begin, end, columns, rows in self._blocks:
            named = self._num_cells - 1 - columns if mirror else columns
            if place is not None:
                named = place[named]
                keep = named >= 0
                if not bool(keep.all()):
                    named, rows = named[keep], rows.index_select(1, keep.nonzero().flatten())
            yield Block(begin, end, named, rows)


class DensePlan:
    """A plan for a GPU: long blocks in row order that read every cell, so that nothing need be known on the host.

    Args:
        table: of the level; the plan holds it and no other copy.
    """

    order: Tensor | None = None
    inverse: Tensor | None = None

    def __init__(self, table: NeighbourTable) -> None:
        self._table = table.table

    def blocks(self, cells: Tensor | None, row_bytes: int, mirror: bool = False) -> Iterator[Block]:
        """See `BlockPlan.blocks`; a block gathers `_GATHERED_BYTES` at most."""
        n, num_cells = self._table.shape
        if cells is not None and mirror:
            cells = num_cells - 1 - cells
        step = max(1, _GATHERED_BYTES // (row_bytes * (num_cells if cells is None else len(cells))))
        for begin in range(0, n, step):
            rows = self._table[begin : begin + step]
            if cells is not None:
                rows = rows.index_select(1, cells)
            elif mirror:
                rows = rows.flip(1)
            yield Block(begin, min(begin + step, n), None, rows)


def make_plan(table: NeighbourTable) -> BlockPlan:
    """The plan that suits the device of a table."""
    return CompactPlan(table) if table.table.device.type == "cpu" else DensePlan(table)


def _signature_order(table: NeighbourTable, present: Tensor) -> Tensor:
    # One bit for each plane of the cube parallel to an axis, the middle ones left out: they hold the site itself.
    offsets = kernel_offsets(table.kernel_size)
    radius = table.kernel_size // 2
    planes = [offsets[:, axis] == at for axis in (2, 0, 1) for at in range(-radius, radius + 1) if at]
    occupied = present.float() @ torch.stack(planes, dim=1).float() > 0
    weights = 2 ** torch.arange(len(planes) - 1, -1, -1)
    return torch.argsort((occupied * weights).sum(1), stable=True)
