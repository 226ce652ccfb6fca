"""Tiles of alike sites, and which kernel cells each of them has."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from bscnet.sparse.tiles.entries import PLACE_BITS, Entries, offset_of, on_device
from bscnet.sparse.tiles.reading import CHILDREN, PARENTS, RUNS, TILE
from bscnet.sparse.tiles.serving import device_of, kernels_serve, parts, power_of_two

_BITS = 64
_KEY_BLOCK = 32
_ROW_BLOCK = 16
_LISTED = 2048  # entries that one step looks at


@dataclass(frozen=True)
class TileLists:
    """The order of tiles and the entries of each; see `bscnet.sparse.tiles.reading.Reading`."""

    entries: Tensor
    perm: Tensor
    lists: Tensor
    counts: Tensor


def make_lists(kind: int, table: Tensor, groups: Sequence[Entries], side: int = 1) -> TileLists:
    """Order sites so that those of a tile have the same cells, as far as possible, and list those cells.

    Sites are sorted by which planes of their neighbourhood hold a site (a floor has none above), then by column, then
    by cell. In 16 simulated rooms at 5 cm a site has 11.1 of the 27 cells of a cube, and its tile 13.3.

    Args:
        kind, table: of a reading; ``table`` has a row or column for each output row.
        groups: entries of each group of output channels, equally many.
        side: see ``Reading.side``.

    Returns:
        the lists; those that only kernels read are empty where none runs.
    """
    entries = on_device(groups, table.device)
    nothing = entries.new_empty(0)
    if not kernels_serve(table):
        return TileLists(entries, nothing, nothing, nothing)
    from bscnet.sparse.tiles.kernels import lists as kernels

    number, longest = entries.shape
    rows = table.shape[1] if kind == CHILDREN else len(table)
    tiles = parts(rows, TILE)
    perm = torch.sort(_keys(kind, table, groups, side, rows), dim=1, stable=True).indices.int()
    listed = entries.new_empty((number, tiles, longest))
    counts = entries.new_empty((number, tiles))
    with device_of(table):
        kernels.tile_entries[(tiles, number)](
            table,
            perm,
            entries,
            listed,
            counts,
            rows,
            tiles,
            longest,
            KIND=kind,
            SIDE=side,
            TILE=TILE,
            BLOCK_ROWS=_ROW_BLOCK,
            BLOCK_ENTRIES=power_of_two(longest),
        )
    return TileLists(entries, perm, listed, counts)


def tiles_by_entry(lists: TileLists) -> list[Tensor]:
    """The inverse of the lists: ``(G, E, tiles)`` int32 tiles that have an entry, and ``(G, E)`` how many."""
    number, longest = lists.entries.shape
    if not len(lists.lists):
        return []
    from bscnet.sparse.tiles.kernels import lists as kernels

    tiles, block = lists.lists.shape[1], power_of_two(longest)
    tiles_of = lists.entries.new_empty((number, longest, tiles))
    tile_counts = torch.empty_like(lists.entries)
    with device_of(tiles_of):
        kernels.entry_tiles[(number * longest,)](
            lists.lists,
            lists.counts,
            lists.entries,
            tiles_of,
            tile_counts,
            tiles,
            longest,
            BLOCK_TILES=max(1, _LISTED // block),
            BLOCK_ENTRIES=block,
        )
    return [tiles_of, tile_counts]


def _keys(kind: int, table: Tensor, groups: Sequence[Entries], side: int, rows: int) -> Tensor:
    if kind == PARENTS:
        return (table & 7)[None]
    from bscnet.sparse.tiles.kernels import lists as kernels

    masks = _masks_on(table.device, tuple(groups) if kind == RUNS else None, side)
    keys = torch.empty((len(groups), rows), dtype=torch.int64, device=table.device)
    with device_of(table):
        kernels.likeness_keys[(parts(rows, _KEY_BLOCK), len(groups))](
            table, masks, keys, rows, WORDS=masks.shape[1], KIND=kind, BITS=_BITS, BLOCK=_KEY_BLOCK
        )
    return keys


@cache
def _masks_on(device: torch.device, groups: tuple[Entries, ...] | None, side: int) -> Tensor:
    """``(G, words, 64)`` int32: bits of each word of the table that set a digit of the key, the highest first."""
    if groups is None:
        # A word for each of eight children; the uppermost digit would be the key's sign.
        return torch.eye(8, _BITS, dtype=torch.int32).roll(1, dims=1)[None].to(device)
    masks = torch.zeros((len(groups), side * side, _BITS), dtype=torch.int32)
    for mask, group in zip(masks, groups, strict=True):
        for digit, cells in enumerate(_likeness(group), start=1):
            for x, y, z in cells:
                mask[(x + side // 2) * side + y + side // 2, digit] |= 1 << (z + side // 2)
    return masks.to(device)


def _likeness(group: Entries) -> list[list[tuple[int, int, int]]]:
    """Sets of cells that make two sites alike when both have one of the set or both none; the weightiest first."""
    cells = sorted({offset_of(one & (1 << PLACE_BITS) - 1) for one in group})
    # The planes through the site itself are left out: they tell little apart.
    planes = [[cell for cell in cells if cell[axis] == at] for axis in (2, 0, 1) for at in (-2, -1, 1, 2)]
    columns = [list(column) for _, column in itertools.groupby(cells, key=lambda cell: cell[:2])]
    coarse = [plane for plane in planes if plane] + columns
    if len(coarse) + len(cells) < _BITS:
        return coarse + [[cell] for cell in cells]
    directions = [
        [cell for cell in cells if tuple((at > 0) - (at < 0) for at in cell) == signs]
        for signs in itertools.product((-1, 0, 1), repeat=3)
        if any(signs)
    ]
    return (coarse + directions)[: _BITS - 1]
