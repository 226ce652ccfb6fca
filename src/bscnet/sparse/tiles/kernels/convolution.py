"""The convolution: one program makes some columns of the outputs of one tile, and writes them once."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import triton
import triton.language as tl

from bscnet.sparse.tiles.kernels.neighbours import SELF, group_columns, has, source_row, split_entry, table_word
from bscnet.sparse.tiles.kernels.operand import add_product, load_operand


# Numbers that change with every batch are not compiled in.
@triton.jit(do_not_specialize=["rows", "tiles", "longest", "last", "wider_in", "wider_out"])
def convolve(
    values,
    scale,
    shift,
    weight,
    out,
    table,
    order,
    perm,
    lists,
    counts,
    rows,
    tiles,
    longest,
    steps,
    width_in,
    wider_in,
    width_out,
    wider_out,
    channels_out,
    last,
    value_row,
    value_channel,
    weight_slice,
    weight_in,
    weight_out,
    KIND: tl.constexpr,
    SIDE: tl.constexpr,
    ORDERED: tl.constexpr,
    MIRRORED: tl.constexpr,
    GROUPING_IN: tl.constexpr,
    GROUPING_OUT: tl.constexpr,
    OPERAND: tl.constexpr,
    PRECISION: tl.constexpr,
    SPLIT: tl.constexpr,
    TILE: tl.constexpr,
    BLOCK_IN: tl.constexpr,
    BLOCK_OUT: tl.constexpr,
):
    """Grid: (tiles, blocks of output columns, groups of output columns). ``steps``: blocks of a group's input channels.

    ``width_*`` and ``wider_*`` divide the channels, see ``group_columns``. ``out`` is contiguous; ``value_*`` and
    ``weight_*`` are strides.
    """
    tile = tl.program_id(0)
    group = tl.program_id(2)
    place = tile * TILE + tl.arange(0, TILE)
    valid = place < rows
    if KIND == SELF:
        row = place
        count = 1
    else:
        row = tl.load(perm + group.to(tl.int64) * rows + place, mask=valid, other=0)
        count = tl.load(counts + group * tiles + tile)
        lists += (group.to(tl.int64) * tiles + tile) * longest
    first_out, columns = group_columns(group, width_out, wider_out, GROUPING_OUT)
    column = tl.program_id(1) * BLOCK_OUT + tl.arange(0, BLOCK_OUT)
    written = column < columns
    column += first_out
    total = tl.zeros((TILE, BLOCK_OUT), dtype=tl.float32)
    for step in range(count * steps):
        if KIND == SELF:
            number = 0
            source = row
            present = valid
            first_in = 0
            channels = width_in
        else:
            cell, number, member = split_entry(tl.load(lists + step // steps))
            if MIRRORED:
                number = last - number
            word = table_word(table, row, valid, cell, rows, KIND, SIDE)
            present = has(word, cell, KIND, SIDE)
            source = source_row(word, cell, present, order, KIND, SIDE, ORDERED)
            first_in, channels = group_columns(member, width_in, wider_in, GROUPING_IN)
        channel = (step % steps) * BLOCK_IN + tl.arange(0, BLOCK_IN)
        inside = channel < channels
        channel += first_in
        x = load_operand(values, scale, shift, source, present, channel, inside, value_row, value_channel, OPERAND)
        w = tl.load(
            weight + number * weight_slice + channel[:, None] * weight_in + column[None, :] * weight_out,
            mask=inside[:, None] & written[None, :],
            other=0,
        )
        total = add_product(total, x, w, PRECISION, SPLIT)
    at = row.to(tl.int64)[:, None] * channels_out + column[None, :]
    tl.store(out + at, total.to(out.dtype.element_ty), mask=valid[:, None] & written[None, :])
