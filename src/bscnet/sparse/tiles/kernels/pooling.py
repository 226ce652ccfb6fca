"""Between a level and the coarser one without a weight: each row is written once, in one launch."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import triton
import triton.language as tl


@triton.jit(do_not_specialize=["rows"])
def pool_children(
    values,
    children,
    out,
    rows,
    channels,
    value_row,
    value_channel,
    MAXIMUM: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_CHANNELS: tl.constexpr,
):
    """Sum or maximum over the children of each coarse row."""
    row = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    channel = tl.program_id(1) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    inside = (channel < channels)[None, :]
    neutral = -float("inf") if MAXIMUM else 0.0
    total = tl.full((BLOCK_ROWS, BLOCK_CHANNELS), neutral, dtype=tl.float32)
    for cell in range(8):
        child = tl.load(children + cell * rows + row, mask=row < rows, other=-1).to(tl.int64)
        mask = (child >= 0)[:, None] & inside
        at = child[:, None] * value_row + channel[None, :] * value_channel
        x = tl.load(values + at, mask=mask, other=neutral).to(tl.float32)
        if MAXIMUM:
            total = tl.maximum(total, x, propagate_nan=tl.PropagateNan.ALL)
        else:
            total += x
    at = row.to(tl.int64)[:, None] * channels + channel[None, :]
    tl.store(out + at, total.to(out.dtype.element_ty), mask=(row < rows)[:, None] & inside)


@triton.jit(do_not_specialize=["rows"])
def copy_parents(
    values,
    parents,
    out,
    rows,
    channels,
    value_row,
    value_channel,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_CHANNELS: tl.constexpr,
):
    """Each fine row takes the row of its parent."""
    row = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    channel = tl.program_id(1) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    mask = (row < rows)[:, None] & (channel < channels)[None, :]
    parent = (tl.load(parents + row, mask=row < rows, other=0) >> 3).to(tl.int64)
    x = tl.load(values + parent[:, None] * value_row + channel[None, :] * value_channel, mask=mask, other=0)
    tl.store(out + row.to(tl.int64)[:, None] * channels + channel[None, :], x, mask=mask)


@triton.jit(do_not_specialize=["rows"])
def pool_max_gradient(
    values,
    grad,
    children,
    out,
    rows,
    channels,
    value_row,
    value_channel,
    grad_row,
    grad_channel,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_CHANNELS: tl.constexpr,
):
    """The gradient of a maximum, shared equally by the children that have it."""
    row = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    channel = tl.program_id(1) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    inside = (channel < channels)[None, :]
    most = tl.full((BLOCK_ROWS, BLOCK_CHANNELS), -float("inf"), dtype=tl.float32)
    ties = tl.zeros((BLOCK_ROWS, BLOCK_CHANNELS), dtype=tl.float32)
    for cell in range(8):
        child = tl.load(children + cell * rows + row, mask=row < rows, other=-1).to(tl.int64)
        mask = (child >= 0)[:, None] & inside
        at = child[:, None] * value_row + channel[None, :] * value_channel
        x = tl.load(values + at, mask=mask, other=-float("inf")).to(tl.float32)
        ties = tl.where(x > most, 0.0, ties) + (mask & (x >= most)).to(tl.float32)
        most = tl.maximum(most, x)
    at = row.to(tl.int64)[:, None] * grad_row + channel[None, :] * grad_channel
    share = tl.load(grad + at, mask=(row < rows)[:, None] & inside, other=0).to(tl.float32) / tl.maximum(ties, 1.0)
    for cell in range(8):
        child = tl.load(children + cell * rows + row, mask=row < rows, other=-1).to(tl.int64)
        mask = (child >= 0)[:, None] & inside
        at = child[:, None] * value_row + channel[None, :] * value_channel
        x = tl.load(values + at, mask=mask, other=0).to(tl.float32)
        given = tl.where(x == most, share, 0.0)
        at = child[:, None] * channels + channel[None, :]
        tl.store(out + at, given.to(out.dtype.element_ty), mask=mask)
