"""Triton kernels of a layer's end: scale, PReLU and the addition of the shortcut, and their gradients."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from bscnet.fused.kernels.tiling import sums_tiling, tiling


@triton.jit(do_not_specialize=["rows"])
def scaled_prelu_kernel(
    sums,
    scale,
    slope,
    shortcut,
    out,
    kept,
    rows,
    channels,
    HAS_SCALE: tl.constexpr,
    HAS_SHORTCUT: tl.constexpr,
    WHOLE: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_CHANNELS: tl.constexpr,
):
    """out = prelu(scale_c * sums, slope_c) + shortcut; kept = sums as int16 if WHOLE."""
    r = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    c = tl.program_id(1) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    own = c < channels
    inside = (r < rows)[:, None] & own[None, :]
    at = r[:, None].to(tl.int64) * channels + c[None, :]
    t = tl.load(sums + at, mask=inside, other=0.0).to(tl.float32)
    if WHOLE:
        tl.store(kept + at, t.to(tl.int16), mask=inside)
    if HAS_SCALE:
        t = t * tl.load(scale + c, mask=own, other=0.0)[None, :]
    y = tl.where(t > 0.0, t, t * tl.load(slope + c, mask=own, other=0.0)[None, :])
    if HAS_SHORTCUT:
        y += tl.load(shortcut + at, mask=inside, other=0.0)
    tl.store(out + at, y, mask=inside)


@triton.jit(do_not_specialize=["rows", "programs"])
def scaled_prelu_gradient_kernel(
    grad,
    kept,
    scale,
    slope,
    out,
    partial,
    rows,
    channels,
    chunk,
    programs,
    HAS_SCALE: tl.constexpr,
    TO_SCALE: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_CHANNELS: tl.constexpr,
):
    """out: the gradient of the sums; partial (1 or 2, programs, C): of the slope, of the scale, over a run of rows."""
    program = tl.program_id(0)
    c = tl.program_id(1) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    own = c < channels
    begin = program * chunk
    end = tl.minimum(begin + chunk, rows)
    factor = tl.load(slope + c, mask=own, other=0.0)[None, :]
    if HAS_SCALE:
        times = tl.load(scale + c, mask=own, other=0.0)[None, :]
    to_slope = tl.zeros((BLOCK_ROWS, BLOCK_CHANNELS), tl.float32)
    to_scale = tl.zeros((BLOCK_ROWS, BLOCK_CHANNELS), tl.float32)
    for step in range(0, chunk, BLOCK_ROWS):
        r = begin + step + tl.arange(0, BLOCK_ROWS)
        inside = (r < end)[:, None] & own[None, :]
        at = r[:, None].to(tl.int64) * channels + c[None, :]
        total = tl.load(kept + at, mask=inside, other=0).to(tl.float32)
        to_y = tl.load(grad + at, mask=inside, other=0.0)
        t = total
        if HAS_SCALE:
            t = total * times
        to_t = tl.where(t > 0.0, to_y, to_y * factor)
        to_slope += tl.where(t > 0.0, 0.0, to_y * t)
        if TO_SCALE:
            to_scale += to_t * total
        if HAS_SCALE:
            to_t = to_t * times
        tl.store(out + at, to_t, mask=inside)
    at = partial + program * channels + c
    tl.store(at, tl.sum(to_slope, 0), mask=own)
    if TO_SCALE:
        tl.store(at + programs * channels, tl.sum(to_scale, 0), mask=own)


def scaled_prelu_forward(
    sums: Tensor, scale: Tensor | None, slope: Tensor, shortcut: Tensor | None, whole: bool
) -> tuple[Tensor, Tensor]:
    """The operator ``scaled_prelu_forward`` of `bscnet.fused.activation`: 1 launch."""
    rows, channels = sums.shape
    tile = tiling(rows, channels)
    out = torch.empty_like(sums)
    kept = sums.new_empty(sums.shape if whole else 0, dtype=torch.int16)
    scaled_prelu_kernel[tile.tiles](
        sums,
        slope if scale is None else scale,
        slope,
        sums if shortcut is None else shortcut,
        out,
        kept,
        rows,
        channels,
        scale is not None,
        shortcut is not None,
        whole,
        tile.block_rows,
        tile.block_channels,
    )
    return out, kept


def scaled_prelu_backward(
    grad: Tensor, kept: Tensor, scale: Tensor | None, slope: Tensor, to_scale: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The operator ``scaled_prelu_backward`` of `bscnet.fused.activation`: 2 launches."""
    rows, channels = grad.shape
    tile = sums_tiling(rows, channels)
    out = torch.empty_like(grad)
    partial = grad.new_empty(2 if to_scale else 1, tile.programs, channels)
    scaled_prelu_gradient_kernel[tile.grid](
        grad,
        kept,
        slope if scale is None else scale,
        slope,
        out,
        partial,
        rows,
        channels,
        tile.run,
        tile.programs,
        scale is not None,
        to_scale,
        tile.block_rows,
        tile.block_channels,
    )
    found = partial.sum(1)
    return out, found[1] if to_scale else grad.new_empty(0), found[0]
