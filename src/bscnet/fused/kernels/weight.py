"""Triton kernels of 1-bit weights: signs and mean magnitudes in one pass, and the gradient's mask."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from bscnet.fused.kernels.tiling import sums_tiling, tiling

# Up to so many rows one program a block of channels takes all of them, and one launch does.
_FEW_ROWS = 8192


@triton.jit
def weight_signs_kernel(
    weight,
    signs,
    partial,
    rows,
    channels,
    chunk,
    SCALED: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_CHANNELS: tl.constexpr,
):
    """signs of weight (rows, C); partial (programs, C): sums of |weight| over each run of rows, divided by ``rows``."""
    program = tl.program_id(0)
    c = tl.program_id(1) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    own = c < channels
    begin = program * chunk
    end = tl.minimum(begin + chunk, rows)
    total = tl.zeros((BLOCK_ROWS, BLOCK_CHANNELS), tl.float32)
    for step in range(0, chunk, BLOCK_ROWS):
        r = begin + step + tl.arange(0, BLOCK_ROWS)
        inside = (r < end)[:, None] & own[None, :]
        at = r[:, None].to(tl.int64) * channels + c[None, :]
        values = tl.load(weight + at, mask=inside, other=0.0)
        tl.store(signs + at, tl.where(values >= 0.0, 1.0, -1.0), mask=inside)
        total += tl.abs(values)
    if SCALED:
        tl.store(partial + program * channels + c, tl.sum(total, 0) / rows, mask=own)


@triton.jit
def weight_gradient_kernel(grad, weight, out, count, BLOCK: tl.constexpr):
    """out = grad where |weight| <= 1, else 0."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = i < count
    passes = tl.abs(tl.load(weight + i, mask=inside, other=0.0)) <= 1.0
    tl.store(out + i, tl.where(passes, tl.load(grad + i, mask=inside, other=0.0), 0.0), mask=inside)


def weight_signs(weight: Tensor, scaled: bool) -> tuple[Tensor, Tensor]:
    """The operator ``weight_signs`` of `bscnet.fused.weight`: 1 launch, 2 for a scale over more than 8,192 rows."""
    channels = weight.shape[-1]
    rows = weight.numel() // channels
    few = scaled and rows <= _FEW_ROWS
    tile = tiling(rows, channels, most_runs=1) if few else sums_tiling(rows, channels)
    signs = torch.empty_like(weight)
    partial = weight.new_empty(1, tile.programs, channels) if scaled else weight.new_empty(0)
    weight_signs_kernel[tile.grid](
        weight, signs, partial, rows, channels, tile.run, scaled, tile.block_rows, tile.block_channels
    )
    if not scaled:
        return signs, partial
    return signs, partial[0, 0] if tile.programs == 1 else partial[0].sum(0)


def weight_gradient(grad: Tensor, weight: Tensor) -> Tensor:
    """The operator ``weight_gradient`` of `bscnet.fused.weight`: 1 launch."""
    out = torch.empty_like(weight)
    weight_gradient_kernel[triton.cdiv(weight.numel(), 1024),](grad, weight, out, weight.numel(), 1024)
    return out
