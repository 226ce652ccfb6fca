"""Products of rows of features with matrices, and sums over rows.

Of float32 on the CPU they are the compiled library's, whose bits depend on no number of threads; those of torch's BLAS
do, as it shares rows and columns among threads and adds up the ends of shares in another order. Where the library does
not serve they are torch's.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from bscnet.sparse.native import ops
from bscnet.sparse.native.elementwise import native_serves


def pointwise(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x W + b`` of ``(N, C_in)`` rows, ``(C_in, C_out)`` weight and ``(C_out,)`` bias; under autocast torch's own."""
    if native_serves(x) and x.dtype == weight.dtype and not torch.is_autocast_enabled(x.device.type):
        return _Pointwise.apply(x, weight, bias)
    y = x @ weight
    return y if bias is None else y + bias


def biased(x: Tensor, bias: Tensor) -> Tensor:
    """``x + b_c`` of ``(N, C)`` rows."""
    return _Biased.apply(x, bias)


def total(values: Tensor) -> Tensor:
    """The sum of all of ``(N, C)``, a scalar."""
    return _Total.apply(values)


def product(rows: Tensor, matrix: Tensor) -> Tensor:
    """``(N, C_out)`` of ``(N, C_in)`` and ``(C_in, C_out)``, without gradient."""
    if not native_serves(rows):
        return torch.mm(rows, matrix)
    one_cell = torch.zeros(1, 1, dtype=torch.int32)
    return ops.convolve(rows, None, None, None, None, matrix[None], None, one_cell, None, one_cell, len(rows))


def outer_product(rows: Tensor, others: Tensor) -> Tensor:
    """``sum_i rows_i^T others_i``, ``(C, D)`` of ``(N, C)`` and ``(N, D)``, without gradient."""
    if not native_serves(rows):
        return torch.mm(rows.t(), others)
    one_cell = torch.zeros(1, 1, dtype=torch.int32)
    return ops.weight_gradient(rows, None, None, None, None, others, None, one_cell)[0]


def column_sums(values: Tensor) -> Tensor:
    """``(C,)`` sums over the rows of ``(N, C)``, without gradient."""
    if not native_serves(values):
        return values.sum(0)
    return outer_product(values.new_ones(len(values), 1), values)[0]


class _Pointwise(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        y = product(x, weight)
        return y if bias is None else y.add_(bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        to_x, to_weight, to_bias = ctx.needs_input_grad
        return (
            product(grad, weight.t()) if to_x else None,
            outer_product(x, grad) if to_weight else None,
            column_sums(grad) if to_bias else None,
        )


class _Biased(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, bias: Tensor) -> Tensor:
        return x + bias

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        return grad, column_sums(grad)


class _Total(Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.shape = values.shape
        return column_sums(values).sum() if native_serves(values) else values.sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return grad.expand(ctx.shape)
