"""How the rows of a convolution's output read those of its input."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

TILE = 128
"""Output rows that one program makes."""

RUNS, CHILDREN, PARENTS, SELF = range(4)
"""Kinds of `Reading.table`."""

ONE_GROUP, EVEN_GROUPS, UNEVEN_GROUPS = range(3)
"""How channels are divided into groups."""


@dataclass(frozen=True)
class Reading:
    """A kernel map, and the order in which a convolution goes through it.

    Attributes:
        kind: what ``table`` holds. RUNS: ``(rows, 9 or 25)`` int32 of `bscnet.sparse.tiles.runs.find_runs`. CHILDREN:
            ``(8, rows)`` int32 row of each child, -1 where there is none. PARENTS: ``(rows,)`` int32, eight times the
            row of the parent plus the cell below it. SELF: nothing, each row reads its own.
        rows: output rows.
        table: see ``kind``.
        order: ``(rows,)`` int32 row of each place in the order of keys, for RUNS; empty where rows are in that order.
        entries: ``(G, E)`` int32 of `bscnet.sparse.tiles.entries`, for each group of output channels.
        perm: ``(G, rows)`` int32 rows in the order of tiles. This and the next two are empty where no kernel runs.
        lists: ``(G, tiles, E)`` int32 entries that some site of the tile has; the rest of a row is undefined.
        counts: ``(G, tiles)`` int32 entries in each list.
        groups_in: groups of input channels that entries name.
        last: where it is not -1, an entry that names slice s stands for slice ``last - s``: the gradient of a whole
            cube is a convolution with the same neighbourhood, mirrored.
    """

    kind: int
    rows: int
    table: Tensor
    order: Tensor
    entries: Tensor
    perm: Tensor
    lists: Tensor
    counts: Tensor
    groups_in: int = 1
    last: int = -1

    @property
    def groups(self) -> int:
        """G."""
        return len(self.entries)

    @property
    def side(self) -> int:
        """Cells along an edge of the neighbourhood that RUNS hold; 1 for the other kinds."""
        return round(self.table.shape[1] ** 0.5) if self.kind == RUNS else 1

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors, for a registered operator; `reading_of` is the inverse."""
        return [self.table, self.order, self.entries, self.perm, self.lists, self.counts]

    @property
    def numbers(self) -> list[int]:
        """What is beside the tensors."""
        return [self.kind, self.rows, self.groups_in, self.last]


def reading_of(tensors: list[Tensor], numbers: list[int]) -> Reading:
    """A reading from its ``tensors`` and ``numbers``."""
    kind, rows, groups_in, last = numbers
    table, order, entries, perm, lists, counts = tensors
    return Reading(kind, rows, table, order, entries, perm, lists, counts, groups_in, last)
