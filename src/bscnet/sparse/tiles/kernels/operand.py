"""Loading what a convolution multiplies: real features, sign bits, or features that are normalized on the way."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import os

import triton
import triton.language as tl

PLAIN = tl.constexpr(0)
BITS = tl.constexpr(1)
AFFINE = tl.constexpr(2)
# The interpreter would multiply the bits of bfloat16 as integers.
INTERPRETED = tl.constexpr(os.environ.get("TRITON_INTERPRET") == "1")


@triton.jit
def load_operand(
    values,
    scale,
    shift,
    row,
    present,
    channel,
    inside,
    row_stride,
    channel_stride,
    OPERAND: tl.constexpr,
):
    """``(rows, channels)`` of a block of rows, 0 where the row is absent or the channel is beyond the last.

    Channels of BITS are a block that lies within one word.
    """
    mask = present[:, None] & inside[None, :]
    if OPERAND == BITS:
        # One word a row: the channels of a block are all in it.
        first = tl.min(channel, 0)
        word = tl.load(values + row.to(tl.int64) * row_stride + first // 32 * channel_stride, mask=present, other=0)
        bit = (word[:, None] >> (channel % 32)[None, :]) & 1
        return tl.where(mask, 2.0 * bit - 1.0, 0.0)
    else:
        at = row.to(tl.int64)[:, None] * row_stride + channel[None, :] * channel_stride
        x = tl.load(values + at, mask=mask, other=0)
        if OPERAND == AFFINE:
            a = tl.load(scale + channel, mask=inside, other=0).to(tl.float32)
            b = tl.load(shift + channel, mask=inside, other=0).to(tl.float32)
            return tl.where(mask, x.to(tl.float32) * a[None, :] + b[None, :], 0.0)
        else:
            return x


@triton.jit
def add_product(total, x, w, PRECISION: tl.constexpr, SPLIT: tl.constexpr):
    """``total + x @ w`` with float32 sums. SPLIT: x holds +-1 and 0, and w is float32.

    Such products are exact in bfloat16 when w is taken apart into three of them, and tensor cores then do the work.
    """
    if SPLIT:
        signs = x.to(tl.bfloat16)
        high = w.to(tl.bfloat16)
        rest = w - high.to(tl.float32)
        middle = rest.to(tl.bfloat16)
        low = (rest - middle.to(tl.float32)).to(tl.bfloat16)
        total = _add_product(total, signs, low, PRECISION)
        total = _add_product(total, signs, middle, PRECISION)
        return _add_product(total, signs, high, PRECISION)
    else:
        return _add_product(total, x.to(w.dtype), w, PRECISION)


@triton.jit
def _add_product(total, x, w, PRECISION: tl.constexpr):
    if INTERPRETED:
        return tl.dot(x.to(tl.float32), w.to(tl.float32), total)
    else:
        return tl.dot(x, w, total, input_precision=PRECISION)
