"""Making the lists of tiles: keys that put alike sites together, entries of each tile, tiles of each entry."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import triton
import triton.language as tl

from bscnet.sparse.tiles.kernels.neighbours import RUNS, has, split_entry, table_word


@triton.jit(do_not_specialize=["rows"])
def likeness_keys(
    table, parts, keys, rows, WORDS: tl.constexpr, KIND: tl.constexpr, BITS: tl.constexpr, BLOCK: tl.constexpr
):
    """Sort key of each site, int64. Bit b is set where a word holds a bit of ``parts[group, word, b]``.

    Keys go up as in a Gray code, so that neighbours in their order differ by few bits.
    """
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    group = tl.program_id(1)
    valid = place < rows
    bit = tl.arange(0, BITS)
    hits = tl.zeros((BLOCK, BITS), dtype=tl.int32)
    for number in range(WORDS):
        if KIND == RUNS:
            word = tl.load(table + place.to(tl.int64) * WORDS + number, mask=valid, other=0)
        else:
            word = (tl.load(table + number * rows + place, mask=valid, other=-1) >= 0).to(tl.int32)
        hits |= word[:, None] & tl.load(parts + (group * WORDS + number) * BITS + bit)[None, :]
    digits = (hits != 0).to(tl.int64) << (BITS - 1 - bit).to(tl.int64)[None, :]
    key = tl.sum(digits, 1)
    for power in tl.static_range(6):
        key ^= key >> (1 << power)
    tl.store(keys + group.to(tl.int64) * rows + place, key, mask=valid)


@triton.jit(do_not_specialize=["rows", "tiles", "longest"])
def tile_entries(
    table,
    perm,
    entries,
    lists,
    counts,
    rows,
    tiles,
    longest,
    KIND: tl.constexpr,
    SIDE: tl.constexpr,
    TILE: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_ENTRIES: tl.constexpr,
):
    """Entries that some site of a tile has, in their order. Grid: (tiles, groups)."""
    tile = tl.program_id(0)
    group = tl.program_id(1)
    number = tl.arange(0, BLOCK_ENTRIES)
    known = number < longest
    entry = tl.load(entries + group * longest + number, mask=known, other=0)
    cell, _, _ = split_entry(entry)
    held = tl.zeros((BLOCK_ENTRIES,), dtype=tl.int32)
    for part in range(TILE // BLOCK_ROWS):
        place = tile * TILE + part * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
        valid = place < rows
        row = tl.load(perm + group.to(tl.int64) * rows + place, mask=valid, other=0)
        word = table_word(table, row[:, None], valid[:, None] & known[None, :], cell[None, :], rows, KIND, SIDE)
        present = has(word, cell[None, :], KIND, SIDE) & valid[:, None] & known[None, :]
        held = tl.maximum(held, tl.max(present.to(tl.int32), 0))
    at = (group.to(tl.int64) * tiles + tile) * longest + tl.cumsum(held, 0) - held
    tl.store(lists + at, entry, mask=held > 0)
    tl.store(counts + group * tiles + tile, tl.sum(held, 0))


@triton.jit(do_not_specialize=["tiles", "longest"])
def entry_tiles(
    lists,
    counts,
    entries,
    tiles_of,
    tile_counts,
    tiles,
    longest,
    BLOCK_TILES: tl.constexpr,
    BLOCK_ENTRIES: tl.constexpr,
):
    """Tiles in whose list an entry is, ascending. Grid: (groups x entries,)."""
    which = tl.program_id(0)
    group = which // longest
    wanted = tl.load(entries + which)
    number = tl.arange(0, BLOCK_ENTRIES)
    total = 0
    for begin in range(0, tiles, BLOCK_TILES):
        tile = begin + tl.arange(0, BLOCK_TILES)
        count = tl.load(counts + group * tiles + tile, mask=tile < tiles, other=0)
        listed = number[None, :] < count[:, None]
        at = (group.to(tl.int64) * tiles + tile)[:, None] * longest + number[None, :]
        same = (tl.load(lists + at, mask=listed, other=-1) == wanted) & listed
        held = tl.max(same.to(tl.int32), 1)
        at = which.to(tl.int64) * tiles + total + tl.cumsum(held, 0) - held
        tl.store(tiles_of + at, tile, mask=held > 0)
        total += tl.sum(held, 0)
    tl.store(tile_counts + which, total)
