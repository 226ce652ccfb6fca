"""Triton kernels of batch norm over sites, of signs, and of their gradients.

Sums over sites go in two launches: every program of the first sums a run of rows, and every program of the second,
which needs the sums, adds up what those left, in the order of the rows. That is a little more to read than with a
launch between them, and less to wait for. No atomics, so a step repeats bit for bit.

`stats` is ``(5, C)`` float32 as `bscnet.fused.norm` describes it.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from bscnet.fused.kernels.tiling import sums_tiling, tiling
from bscnet.sparse import forms

STATISTICS = tl.constexpr(forms.STATISTICS)
VALUES = tl.constexpr(forms.VALUES)
BITS = tl.constexpr(forms.BITS)


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


@triton.jit
def _store_form(
    z, out, r, c, inside, rows, channels, FORM: tl.constexpr, BLOCK_ROWS: tl.constexpr, BLOCK_CHANNELS: tl.constexpr
):
    """Stores z, its sign or its sign's bits, as `bscnet.sparse.forms` numbers them."""
    if FORM == BITS:
        words = tl.cdiv(channels, 32)
        w = tl.min(c, 0) // 32 + tl.arange(0, BLOCK_CHANNELS // 32)
        to = out + r[:, None].to(tl.int64) * words + w[None, :]
        packed = _pack((z >= 0.0) & inside, BLOCK_ROWS, BLOCK_CHANNELS)
        tl.store(to, packed, mask=(r < rows)[:, None] & (w < words)[None, :])
    else:
        at = out + r[:, None].to(tl.int64) * channels + c[None, :]
        tl.store(at, z if FORM == VALUES else tl.where(z >= 0.0, 1.0, -1.0), mask=inside)


@triton.jit(do_not_specialize=["rows", "programs"])
def norm_apply_kernel(
    x,
    partial,
    weight,
    bias,
    running_mean,
    running_var,
    batches,
    stats,
    out,
    rows,
    channels,
    run,
    chunk,
    programs,
    momentum,
    eps,
    TRAINING: tl.constexpr,
    FORM: tl.constexpr,
    PROGRAMS: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_CHANNELS: tl.constexpr,
):
    """out: ``run`` rows a program normalized, in a FORM; stats, and in training the running statistics.

    partial is what ``moments_kernel`` left of its runs of ``chunk`` rows; it is read in training only.
    """
    program = tl.program_id(0)
    c = tl.program_id(1) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    own = c < channels
    if TRAINING:
        p = tl.arange(0, PROGRAMS)
        there = (p < programs)[:, None] & own[None, :]
        at = partial + p[:, None] * channels + c[None, :]
        means = tl.load(at, mask=there, other=0.0)
        squares = tl.load(at + programs * channels, mask=there, other=0.0)
        counts = tl.minimum(tl.maximum(rows - p * chunk, 0), chunk).to(tl.float32)[:, None]
        total = rows.to(tl.float32)
        mean = tl.sum(means * counts, 0) / total
        apart = tl.where(there, means - mean[None, :], 0.0)
        deviation = tl.sum(squares + apart * apart * counts, 0)
        var = deviation / total
    else:
        mean = tl.load(running_mean + c, mask=own, other=0.0)
        var = tl.load(running_var + c, mask=own, other=1.0)
    rstd = 1.0 / tl.sqrt(var + eps)
    scale = tl.load(weight + c, mask=own, other=0.0) * rstd
    shift = tl.load(bias + c, mask=own, other=0.0) - mean * scale
    if program == 0:
        tl.store(stats + c, mean, mask=own)
        tl.store(stats + channels + c, rstd, mask=own)
        tl.store(stats + 2 * channels + c, scale, mask=own)
        tl.store(stats + 3 * channels + c, shift, mask=own)
        tl.store(stats + 4 * channels + c, tl.full((BLOCK_CHANNELS,), float("nan"), tl.float32), mask=own)
        if TRAINING:
            old_mean = tl.load(running_mean + c, mask=own, other=0.0)
            old_var = tl.load(running_var + c, mask=own, other=0.0)
            tl.store(running_mean + c, old_mean * (1.0 - momentum) + mean * momentum, mask=own)
            unbiased = deviation / (total - 1.0)
            tl.store(running_var + c, old_var * (1.0 - momentum) + unbiased * momentum, mask=own)
            if tl.program_id(1) == 0:
                tl.store(batches, tl.load(batches) + 1)
    if FORM != STATISTICS:
        for step in range(0, run, BLOCK_ROWS):
            r = program * run + step + tl.arange(0, BLOCK_ROWS)
            inside = (r < rows)[:, None] & own[None, :]
            values = tl.load(x + r[:, None].to(tl.int64) * channels + c[None, :], mask=inside, other=0.0)
            z = values * scale[None, :] + shift[None, :]
            _store_form(z, out, r, c, inside, rows, channels, FORM, BLOCK_ROWS, BLOCK_CHANNELS)


@triton.jit(do_not_specialize=["rows"])
def sign_kernel(
    x,
    bias,
    out,
    rows,
    channels,
    HAS_BIAS: tl.constexpr,
    FORM: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_CHANNELS: tl.constexpr,
):
    """The sign of ``x + bias_c`` in a FORM."""
    r = tl.program_id(0) * BLOCK_ROWS + tl.arange(0, BLOCK_ROWS)
    c = tl.program_id(1) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    own = c < channels
    inside = (r < rows)[:, None] & own[None, :]
    z = tl.load(x + r[:, None].to(tl.int64) * channels + c[None, :], mask=inside, other=0.0)
    if HAS_BIAS:
        z = z + tl.load(bias + c, mask=own, other=0.0)[None, :]
    _store_form(z, out, r, c, inside, rows, channels, FORM, BLOCK_ROWS, BLOCK_CHANNELS)


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


@triton.jit(do_not_specialize=["rows", "programs"])
def norm_gradient_kernel(
    grad,
    x,
    stats,
    partial,
    passed,
    out,
    sums,
    rows,
    channels,
    run,
    programs,
    TRAINING: tl.constexpr,
    PASSED: tl.constexpr,
    ESTIMATOR: tl.constexpr,
    PROGRAMS: tl.constexpr,
    BLOCK_ROWS: tl.constexpr,
    BLOCK_CHANNELS: tl.constexpr,
):
    """out: the gradient of x for ``run`` rows a program, from z and from ``passed``, which reached x past the norm.

    partial is what ``norm_sums_kernel`` left; sums (2, C) becomes its sum, the gradients of bias and weight.
    """
    program = tl.program_id(0)
    c = tl.program_id(1) * BLOCK_CHANNELS + tl.arange(0, BLOCK_CHANNELS)
    own = c < channels
    p = tl.arange(0, PROGRAMS)
    there = (p < programs)[:, None] & own[None, :]
    left = partial + p[:, None] * channels + c[None, :]
    to_bias = tl.sum(tl.load(left, mask=there, other=0.0), 0)
    to_weight = tl.sum(tl.load(left + programs * channels, mask=there, other=0.0), 0)
    if program == 0:
        tl.store(sums + c, to_bias, mask=own)
        tl.store(sums + channels + c, to_weight, mask=own)
    mean = tl.load(stats + c, mask=own, other=0.0)[None, :]
    rstd = tl.load(stats + channels + c, mask=own, other=0.0)[None, :]
    scale = tl.load(stats + 2 * channels + c, mask=own, other=0.0)[None, :]
    shift = tl.load(stats + 3 * channels + c, mask=own, other=0.0)[None, :]
    total = rows.to(tl.float32)
    for step in range(0, run, BLOCK_ROWS):
        r = program * run + step + tl.arange(0, BLOCK_ROWS)
        inside = (r < rows)[:, None] & own[None, :]
        at = r[:, None].to(tl.int64) * channels + c[None, :]
        values = tl.load(x + at, mask=inside, other=0.0)
        to_z = tl.load(grad + at, mask=inside, other=0.0)
        if ESTIMATOR != 0:
            to_z = to_z * _slope(values * scale + shift, ESTIMATOR)
        if TRAINING:
            to_z = to_z - (to_bias[None, :] + (values - mean) * rstd * to_weight[None, :]) / total
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
    """The operator ``norm_forward`` of `bscnet.fused.norm`: 2 launches, 1 in evaluation."""
    rows, channels = x.shape
    summed, applied = sums_tiling(rows, channels), tiling(rows, channels, packed=form == forms.BITS)
    partial = x.new_empty(2, summed.programs, channels)
    stats = x.new_empty(5, channels)
    out = x.new_empty(0) if form == forms.STATISTICS else _empty_in_form(x, form)
    if training:
        moments_kernel[summed.grid](
            x, partial, rows, channels, summed.run, summed.programs, summed.block_rows, summed.block_channels
        )
    norm_apply_kernel[applied.grid if form != forms.STATISTICS else (1, applied.channel_blocks)](
        x,
        partial,
        weight,
        bias,
        running_mean,
        running_var,
        batches,
        stats,
        out,
        rows,
        channels,
        applied.run,
        summed.run,
        summed.programs,
        momentum,
        eps,
        training,
        form,
        summed.padded_programs,
        applied.block_rows,
        applied.block_channels,
    )
    return out, stats


def norm_backward(
    grad: Tensor, x: Tensor, stats: Tensor, passed: Tensor | None, estimator: int, training: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """The operator ``norm_backward`` of `bscnet.fused.norm`: 2 launches."""
    rows, channels = x.shape
    summed, applied = sums_tiling(rows, channels), tiling(rows, channels)
    partial = x.new_empty(2, summed.programs, channels)
    norm_sums_kernel[summed.grid](
        grad,
        x,
        stats,
        partial,
        rows,
        channels,
        summed.run,
        summed.programs,
        estimator,
        summed.block_rows,
        summed.block_channels,
    )
    out, sums = torch.empty_like(x), x.new_empty(2, channels)
    norm_gradient_kernel[applied.grid](
        grad,
        x,
        stats,
        partial,
        grad if passed is None else passed,
        out,
        sums,
        rows,
        channels,
        applied.run,
        summed.programs,
        training,
        passed is not None,
        estimator,
        summed.padded_programs,
        applied.block_rows,
        applied.block_channels,
    )
    return out, sums[1], sums[0]


def sign_forward(x: Tensor, bias: Tensor | None, form: int) -> Tensor:
    """The operator ``sign_forward`` of `bscnet.fused.norm`: 1 launch."""
    rows, channels = x.shape
    tile = tiling(rows, channels, packed=form == forms.BITS)
    out = _empty_in_form(x, form)
    sign_kernel[tile.tiles](
        x,
        x if bias is None else bias,
        out,
        rows,
        channels,
        bias is not None,
        form,
        tile.block_rows,
        tile.block_channels,
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


def _empty_in_form(x: Tensor, form: int) -> Tensor:
    if form == forms.BITS:
        return x.new_empty(len(x), triton.cdiv(x.shape[1], 32), dtype=torch.int32)
    return torch.empty_like(x)
