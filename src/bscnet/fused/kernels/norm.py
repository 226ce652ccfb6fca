"""Triton kernels of batch norm over sites, of signs, and of their gradients.

Sums over sites go in two launches: every program sums a run of rows, then one program a block of channels adds up what
those left, in the order of the rows. No atomics, so a step repeats bit for bit.

`stats` is ``(5, C)`` float32 as `bscnet.fused.norm` describes it.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from bscnet.fused.kernels.tiling import Tiling, tiling


@triton.jit
def _slope(z, ESTIMATOR: tl.constexpr):
    if ESTIMATOR == 1:
        slope = tl.where(tl.abs(z) <= 1.0, 1.0, 0.0)
    else:
        slope = tl.maximum(2.0 - 2.0 * tl.abs(z), 0.0)
    return slope


@triton.jit
def _pack(positive, BLOCK_ROWS: tl.constexpr, BLOCK_CHANNELS: tl.constexpr):
    # The places are distinct, so the sum is a bitwise or; the 32nd bit makes the word negative.
    words = tl.reshape(positive.to(tl.int32), (BLOCK_ROWS, BLOCK_CHANNELS // 32, 32))
    return tl.sum(words << tl.arange(0, 32)[None, None, :], axis=2)


@triton.jit(do_not_specialize=["rows", "programs"])
def moments_kernel(x, partial, rows, channels, chunk, programs, BLOCK_ROWS: tl.constexpr, BLOCK_CHANNELS: tl.constexpr):
    """partial (2, programs, C): mean and sum of squared deviations of each run of ``chunk`` rows (Chan's update)."""
    program = tl.program_id(0)
    c = tl.program_id(1) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    begin = program * chunk
    end = tl.minimum(begin + chunk, rows)
    mean = tl.zeros((BLOCK_CHANNELS,), tl.float32)
    squares = tl.zeros((BLOCK_CHANNELS,), tl.float32)
    for step in range(0, chunk, BLOCK_ROWS):
        r = begin + step + tl.arange(0, BLOCK_ROWS)
        inside = (r < end)[:, None] & (c < channels)[None, :]
        values = tl.load(x + r[:, None].to(tl.int64) * channels + c[None, :], mask=inside, other=0.0)
        before = tl.minimum(step, end - begin).to(tl.float32)
        count = tl.minimum(tl.maximum(end - begin - step, 0), BLOCK_ROWS).to(tl.float32)
        own = tl.sum(values, 0) / tl.maximum(count, 1.0)
        apart = tl.where(inside, values - own[None, :], 0.0)
        delta = own - mean
        share = count / tl.maximum(before + count, 1.0)
        mean += delta * share
        squares += tl.sum(apart * apart, 0) + delta * delta * before * share
    at = partial + program * channels + c
    tl.store(at, mean, mask=c < channels)
    tl.store(at + programs * channels, squares, mask=c < channels)


@triton.jit(do_not_specialize=["rows", "programs"])
def norm_stats_kernel(
    partial,
    weight,
    bias,
    running_mean,
    running_var,
    batches,
    stats,
    rows,
    channels,
    chunk,
    programs,
    momentum,
    eps,
    TRAINING: tl.constexpr,
    PROGRAMS: tl.constexpr,
    BLOCK_CHANNELS: tl.constexpr,
):
    """stats, and in training the running statistics; partial is not read otherwise."""
    c = tl.program_id(0) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    own = c < channels
    if TRAINING:
        p = tl.arange(0, PROGRAMS)
        inside = (p < programs)[:, None] & own[None, :]
        at = partial + p[:, None] * channels + c[None, :]
        means = tl.load(at, mask=inside, other=0.0)
        squares = tl.load(at + programs * channels, mask=inside, other=0.0)
        counts = tl.minimum(tl.maximum(rows - p * chunk, 0), chunk).to(tl.float32)[:, None]
        total = rows.to(tl.float32)
        mean = tl.sum(means * counts, 0) / total
        apart = tl.where(inside, means - mean[None, :], 0.0)
        deviation = tl.sum(squares + apart * apart * counts, 0)
        var = deviation / total
        old_mean = tl.load(running_mean + c, mask=own, other=0.0)
        old_var = tl.load(running_var + c, mask=own, other=0.0)
        tl.store(running_mean + c, old_mean * (1.0 - momentum) + mean * momentum, mask=own)
        unbiased = deviation / (total - 1.0)
        tl.store(running_var + c, old_var * (1.0 - momentum) + unbiased * momentum, mask=own)
        if tl.program_id(0) == 0:
            tl.store(batches, tl.load(batches) + 1)
    else:
        mean = tl.load(running_mean + c, mask=own, other=0.0)
        var = tl.load(running_var + c, mask=own, other=1.0)
    rstd = 1.0 / tl.sqrt(var + eps)
    scale = tl.load(weight + c, mask=own, other=0.0) * rstd
    tl.store(stats + c, mean, mask=own)
    tl.store(stats + channels + c, rstd, mask=own)
    tl.store(stats + 2 * channels + c, scale, mask=own)
    tl.store(stats + 3 * channels + c, tl.load(bias + c, mask=own, other=0.0) - mean * scale, mask=own)
    tl.store(stats + 4 * channels + c, tl.full((BLOCK_CHANNELS,), float("nan"), tl.float32), mask=own)


@triton.jit(do_not_specialize=["rows"])
def affine_kernel(
    x,
    scale,
    shift,
    out,
    rows,
    channels,
    words,
    HAS_SCALE: tl.constexpr,
    HAS_SHIFT: tl.constexpr,
    FORM: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_CHANNELS: tl.constexpr,
):
    """``scale_c * x + shift_c`` (FORM 1), its sign (2) or its sign's bits (3)."""
    r = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    c = tl.program_id(1) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    own = c < channels
    inside = (r < rows)[:, None] & own[None, :]
    at = r[:, None].to(tl.int64) * channels + c[None, :]
    z = tl.load(x + at, mask=inside, other=0.0)
    if HAS_SCALE:
        z = z * tl.load(scale + c, mask=own, other=0.0)[None, :]
    if HAS_SHIFT:
        z = z + tl.load(shift + c, mask=own, other=0.0)[None, :]
    if FORM == 1:
        tl.store(out + at, z, mask=inside)
    elif FORM == 2:
        tl.store(out + at, tl.where(z >= 0.0, 1.0, -1.0), mask=inside)
    else:
        packed = _pack((z >= 0.0) & inside, BLOCK_ROWS, BLOCK_CHANNELS)
        w = tl.program_id(1) * (BLOCK_CHANNELS // 32) + tl.arange(0, BLOCK_CHANNELS // 32)
        to = out + r[:, None].to(tl.int64) * words + w[None, :]
        tl.store(to, packed, mask=(r < rows)[:, None] & (w < words)[None, :])


@triton.jit(do_not_specialize=["rows", "programs"])
def norm_sums_kernel(
    grad,
    x,
    stats,
    partial,
    rows,
    channels,
    chunk,
    programs,
    ESTIMATOR: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_CHANNELS: tl.constexpr,
):
    """partial (2, programs, C): sums over each run of rows of the gradient of z, and of it times (x - mean) / std."""
    program = tl.program_id(0)
    c = tl.program_id(1) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    own = c < channels
    begin = program * chunk
    end = tl.minimum(begin + chunk, rows)
    mean = tl.load(stats + c, mask=own, other=0.0)[None, :]
    rstd = tl.load(stats + channels + c, mask=own, other=0.0)[None, :]
    scale = tl.load(stats + 2 * channels + c, mask=own, other=0.0)[None, :]
    shift = tl.load(stats + 3 * channels + c, mask=own, other=0.0)[None, :]
    sums = tl.zeros((BLOCK_ROWS, BLOCK_CHANNELS), tl.float32)
    products = tl.zeros((BLOCK_ROWS, BLOCK_CHANNELS), tl.float32)
    for step in range(0, chunk, BLOCK_ROWS):
        r = begin + step + tl.arange(0, BLOCK_ROWS)
        inside = (r < end)[:, None] & own[None, :]
        at = r[:, None].to(tl.int64) * channels + c[None, :]
        values = tl.load(x + at, mask=inside, other=0.0)
        to_z = tl.load(grad + at, mask=inside, other=0.0)
        if ESTIMATOR != 0:
            to_z = to_z * _slope(values * scale + shift, ESTIMATOR)
        sums += to_z
        products += to_z * ((values - mean) * rstd)
    at = partial + program * channels + c
    tl.store(at, tl.sum(sums, 0), mask=own)
    tl.store(at + programs * channels, tl.sum(products, 0), mask=own)


@triton.jit(do_not_specialize=["programs"])
def add_up_kernel(partial, out, channels, programs, PROGRAMS: tl.constexpr, BLOCK_CHANNELS: tl.constexpr):
    """out (Q, C) = partial (Q, programs, C) summed over the programs; program axis 1 is Q."""
    c = tl.program_id(0) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    p = tl.arange(0, PROGRAMS)
    which = tl.program_id(1)
    inside = (p < programs)[:, None] & (c < channels)[None, :]
    values = tl.load(partial + (which * programs + p[:, None]) * channels + c[None, :], mask=inside, other=0.0)
    tl.store(out + which * channels + c, tl.sum(values, 0), mask=c < channels)


@triton.jit(do_not_specialize=["rows"])
def norm_gradient_kernel(
    grad,
    x,
    stats,
    sums,
    passed,
    out,
    rows,
    channels,
    TRAINING: tl.constexpr,
    PASSED: tl.constexpr,
    ESTIMATOR: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_CHANNELS: tl.constexpr,
):
    """The gradient of x: what z leaves of it, and ``passed``, which reached x past the norm."""
    r = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    c = tl.program_id(1) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    own = c < channels
    inside = (r < rows)[:, None] & own[None, :]
    at = r[:, None].to(tl.int64) * channels + c[None, :]
    values = tl.load(x + at, mask=inside, other=0.0)
    scale = tl.load(stats + 2 * channels + c, mask=own, other=0.0)[None, :]
    to_z = tl.load(grad + at, mask=inside, other=0.0)
    if ESTIMATOR != 0:
        shift = tl.load(stats + 3 * channels + c, mask=own, other=0.0)[None, :]
        to_z = to_z * _slope(values * scale + shift, ESTIMATOR)
    if TRAINING:
        mean = tl.load(stats + c, mask=own, other=0.0)[None, :]
        rstd = tl.load(stats + channels + c, mask=own, other=0.0)[None, :]
        to_bias = tl.load(sums + c, mask=own, other=0.0)[None, :]
        to_weight = tl.load(sums + channels + c, mask=own, other=0.0)[None, :]
        to_z = to_z - (to_bias + (values - mean) * rstd * to_weight) / rows.to(tl.float32)
    to_x = to_z * scale
    if PASSED:
        to_x += tl.load(passed + at, mask=inside, other=0.0)
    tl.store(out + at, to_x, mask=inside)


@triton.jit(do_not_specialize=["rows"])
def sign_gradient_kernel(
    grad,
    x,
    bias,
    out,
    rows,
    channels,
    HAS_BIAS: tl.constexpr,
    ESTIMATOR: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_CHANNELS: tl.constexpr,
):
    """The gradient of x of ``sign(x + bias_c)``."""
    r = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    c = tl.program_id(1) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    own = c < channels
    inside = (r < rows)[:, None] & own[None, :]
    at = r[:, None].to(tl.int64) * channels + c[None, :]
    z = tl.load(x + at, mask=inside, other=0.0)
    if HAS_BIAS:
        z = z + tl.load(bias + c, mask=own, other=0.0)[None, :]
    tl.store(out + at, tl.load(grad + at, mask=inside, other=0.0) * _slope(z, ESTIMATOR), mask=inside)


def norm_forward(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    batches: Tensor,
    momentum: float,
    eps: float,
    training: bool,
    form: int,
) -> tuple[Tensor, Tensor]:
    """The operator ``norm_forward`` of `bscnet.fused.norm`: 3 launches, 2 in evaluation; without values one less."""
    rows, channels = x.shape
    tile = tiling(rows, channels)
    partial = x.new_empty(2, tile.programs, channels)
    stats = x.new_empty(5, channels)
    if training:
        moments_kernel[tile.runs](
            x, partial, rows, channels, tile.chunk, tile.programs, tile.block_rows, tile.block_channels
        )
    norm_stats_kernel[tile.channel_blocks,](
        partial,
        weight,
        bias,
        running_mean,
        running_var,
        batches,
        stats,
        rows,
        channels,
        tile.chunk,
        tile.programs,
        momentum,
        eps,
        training,
        tile.padded_programs,
        tile.block_channels,
    )
    return affine(x, stats[2], stats[3], form), stats


def affine(x: Tensor, scale: Tensor | None, shift: Tensor | None, form: int) -> Tensor:
    """``scale_c * x + shift_c`` in a form of `bscnet.fused.norm`: 1 launch, none for ``STATISTICS``."""
    rows, channels = x.shape
    words = -(-channels // 32)
    if form == 0:
        return x.new_empty(0)
    tile = tiling(rows, channels, packed=form == 3)
    out = x.new_empty(rows, words, dtype=torch.int32) if form == 3 else torch.empty_like(x)
    affine_kernel[tile.tiles](
        x,
        x if scale is None else scale,
        x if shift is None else shift,
        out,
        rows,
        channels,
        words,
        scale is not None,
        shift is not None,
        form,
        tile.block_rows,
        tile.block_channels,
    )
    return out


def norm_backward(
    grad: Tensor, x: Tensor, weight: Tensor, stats: Tensor, passed: Tensor | None, estimator: int, training: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The operator ``norm_backward`` of `bscnet.fused.norm`: 3 launches."""
    rows, channels = x.shape
    tile = tiling(rows, channels)
    partial = x.new_empty(2, tile.programs, channels)
    norm_sums_kernel[tile.runs](
        grad,
        x,
        stats,
        partial,
        rows,
        channels,
        tile.chunk,
        tile.programs,
        estimator,
        tile.block_rows,
        tile.block_channels,
    )
    sums = add_up(partial, tile)
    out = torch.empty_like(x)
    norm_gradient_kernel[tile.tiles](
        grad,
        x,
        stats,
        sums,
        grad if passed is None else passed,
        out,
        rows,
        channels,
        training,
        passed is not None,
        estimator,
        tile.block_rows,
        tile.block_channels,
    )
    return out, sums[1], sums[0]


def add_up(partial: Tensor, tile: Tiling) -> Tensor:
    """``(Q, C)`` from ``(Q, programs, C)``: 1 launch."""
    count, programs, channels = partial.shape
    out = partial.new_empty(count, channels)
    add_up_kernel[tile.channel_blocks, count](
        partial, out, channels, programs, tile.padded_programs, tile.block_channels
    )
    return out


def sign_backward(grad: Tensor, x: Tensor, bias: Tensor | None, estimator: int) -> Tensor:
    """The operator ``sign_backward`` of `bscnet.fused.norm`: 1 launch."""
    rows, channels = x.shape
    tile = tiling(rows, channels)
    out = torch.empty_like(x)
    sign_gradient_kernel[tile.tiles](
        grad,
        x,
        x if bias is None else bias,
        out,
        rows,
        channels,
        bias is not None,
        estimator,
        tile.block_rows,
        tile.block_channels,
    )
    return out
