"""The gradient of a convolution's weight: one program sums over a share of the tiles in which a cell is present."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import triton
import triton.language as tl

from bscnet.sparse.tiles.kernels.neighbours import SELF, group_columns, has, source_row, split_entry, table_word
from bscnet.sparse.tiles.kernels.operand import add_product, load_operand


@triton.jit(do_not_specialize=["rows", "tiles", "longest", "slices", "splits", "blocks_out", "wider_out"])
def weight_gradient(
    values,
    scale,
    shift,
    grad,
    out,
    table,
    order,
    perm,
    entries,
    tiles_of,
    tile_counts,
    rows,
    tiles,
    longest,
    slices,
    splits,
    blocks_out,
    channels_in,
    channels_out,
    width_out,
    wider_out,
    value_row,
    value_channel,
    grad_row,
    grad_channel,
    KIND: tl.constexpr,
    SIDE: tl.constexpr,
    ORDERED: tl.constexpr,
    GROUPING_OUT: tl.constexpr,
    OPERAND: tl.constexpr,
    PRECISION: tl.constexpr,
    SPLIT: tl.constexpr,
    TILE: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_IN: tl.constexpr,
    BLOCK_OUT: tl.constexpr,
):
    """Grid: (groups x entries, blocks of input channels x blocks of a group's columns, splits).

    ``out`` is ``(splits, slices, channels_in, channels_out)``: what each split sums to.
    """
    which = tl.program_id(0)
    split = tl.program_id(2)
    if KIND == SELF:
        count = tiles
        number = 0
        cell = 0
        first_out = 0
        columns = width_out
    else:
        group = which // longest
        count = tl.load(tile_counts + which)
        cell, number, _ = split_entry(tl.load(entries + which))
        first_out, columns = group_columns(group, width_out, wider_out, GROUPING_OUT)
        perm += group.to(tl.int64) * rows
        tiles_of += which.to(tl.int64) * tiles
    channel = tl.program_id(1) // blocks_out * BLOCK_IN + tl.arange(0, BLOCK_IN)
    column = tl.program_id(1) % blocks_out * BLOCK_OUT + tl.arange(0, BLOCK_OUT)
    inside = channel < channels_in
    written = column < columns
    column += first_out
    parts: tl.constexpr = TILE // BLOCK_ROWS
    begin = count * split // splits * parts
    end = count * (split + 1) // splits * parts
    total = tl.zeros((BLOCK_IN, BLOCK_OUT), dtype=tl.float32)
    for step in range(begin, end):
        if KIND == SELF:
            place = step * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
            valid = place < rows
            row = place
            present = valid
            source = place
        else:
            tile = tl.load(tiles_of + step // parts)
            place = tile * TILE + step % parts * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
            valid = place < rows
            row = tl.load(perm + place, mask=valid, other=0)
            word = table_word(table, row, valid, cell, rows, KIND, SIDE)
            present = has(word, cell, KIND, SIDE)
            source = source_row(word, cell, present, order, KIND, SIDE, ORDERED)
        x = load_operand(values, scale, shift, source, present, channel, inside, value_row, value_channel, OPERAND)
        g = tl.load(
            grad + row.to(tl.int64)[:, None] * grad_row + column[None, :] * grad_channel,
            mask=present[:, None] & written[None, :],
            other=0,
        )
        total = add_product(total, tl.trans(x), g, PRECISION, SPLIT)
    at = (split.to(tl.int64) * slices + number) * channels_in * channels_out
    at += channel[:, None] * channels_out + column[None, :]
    tl.store(out + at, total.to(out.dtype.element_ty), mask=inside[:, None] & written[None, :])
