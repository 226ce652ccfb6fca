"""Gather-GEMM submanifold convolution as autograd functions, in plain PyTorch.

Neither function keeps gathered rows for the backward pass; they are gathered again.

- ``block_conv``: for a block of output sites gather every neighbour that any of them has (a row of zeros where one is
  absent) and do one GEMM: no scatter, and backward needs the mirrored offsets only, which for a cube are the same
  table.
- ``pair_conv``: for each cell gather the rows that it multiplies, GEMM, add into the output.

Under autocast both multiply in its type and add up in float32.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from bscnet.sparse.blocks import BlockPlan
from bscnet.sparse.kernel_map import Pairs
from bscnet.sparse.precision import in_product_type, sum_type
from bscnet.sparse.products import outer_product, product


def _with_zero_row(feats: Tensor) -> Tensor:
    return torch.cat([feats, feats.new_zeros(1, feats.shape[1])])


def _bytes_of_row(feats: Tensor) -> int:
    return feats.shape[1] * feats.element_size()


def _stacked(kernels: Tensor, slices: Tensor | None) -> Tensor:
    """The wanted slices below each other, ``(slices * C_in, C_out)``."""
    wanted = kernels if slices is None else kernels.index_select(0, slices)
    return wanted.reshape(-1, kernels.shape[2])


class _BlockConv(Function):
    @staticmethod
    def forward(ctx: Any, feats: Tensor, weight: Tensor, plan: BlockPlan, cells: Tensor | None) -> Tensor:
        x, kernels = in_product_type(feats, weight)
        ctx.save_for_backward(x, kernels)
        ctx.plan, ctx.cells, ctx.types = plan, cells, (feats.dtype, weight.dtype)
        padded = _with_zero_row(x)
        out = x.new_empty(len(x), kernels.shape[2])
        for begin, end, slices, rows in plan.blocks(cells, _bytes_of_row(x)):
            gathered = padded.index_select(0, rows.reshape(-1)).view(end - begin, -1)
            out[begin:end] = product(gathered, _stacked(kernels, slices))
        return out if plan.inverse is None else out.index_select(0, plan.inverse)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        x, kernels = ctx.saved_tensors
        plan: BlockPlan = ctx.plan
        feats_type, weight_type = ctx.types
        c_in, c_out = kernels.shape[1:]
        grad = grads[0].to(kernels.dtype)
        padded = _with_zero_row(grad)
        need_feats, need_weight = ctx.needs_input_grad[:2]
        transposed = kernels.transpose(1, 2).contiguous() if need_feats else kernels
        ordered = x.index_select(0, plan.order) if need_weight and plan.order is not None else x
        grad_feats = torch.empty_like(x) if need_feats else None
        grad_weight = torch.zeros_like(kernels, dtype=sum_type(weight_type)) if need_weight else None
        # A row v is read through cell k by the site v - offset_k, which v in its turn sees through the mirrored cell.
        for begin, end, slices, rows in plan.blocks(ctx.cells, _bytes_of_row(grad), mirror=True):
            gathered = padded.index_select(0, rows.reshape(-1)).view(end - begin, -1)
            if grad_feats is not None:
                grad_feats[begin:end] = product(gathered, _stacked(transposed, slices))
            if grad_weight is not None:
                part = outer_product(ordered[begin:end], gathered).view(c_in, -1, c_out).transpose(0, 1)
                if slices is None:
                    grad_weight += part
                else:
                    grad_weight.index_add_(0, slices, part.to(grad_weight.dtype))
        if grad_feats is not None:
            grad_feats = grad_feats if plan.inverse is None else grad_feats.index_select(0, plan.inverse)
            grad_feats = grad_feats.to(feats_type)
        return grad_feats, None if grad_weight is None else grad_weight.to(weight_type), None, None


class _PairConv(Function):
    @staticmethod
    def forward(ctx: Any, feats: Tensor, weight: Tensor, pairs: Pairs) -> Tensor:
        x, kernels = in_product_type(feats, weight)
        ctx.save_for_backward(x, kernels)
        ctx.pairs, ctx.types = pairs, (feats.dtype, weight.dtype)
        out = x.new_zeros(len(x), kernels.shape[2], dtype=sum_type(x.dtype))
        for kernel, (out_rows, in_rows) in zip(kernels, pairs, strict=True):
            if len(out_rows):
                out.index_add_(0, out_rows, product(x.index_select(0, in_rows), kernel).to(out.dtype))
        return out.to(x.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, kernels = ctx.saved_tensors
        feats_type, weight_type = ctx.types
        need_feats, need_weight = ctx.needs_input_grad[:2]
        grad = grads[0].to(kernels.dtype)
        grad_feats = torch.zeros_like(x, dtype=sum_type(x.dtype)) if need_feats else None
        grad_weight = torch.zeros_like(kernels, dtype=weight_type) if need_weight else None
        for cell, (out_rows, in_rows) in enumerate(ctx.pairs):
            if not len(out_rows):
                continue
            grad_out = grad.index_select(0, out_rows)
            if grad_feats is not None:
                grad_feats.index_add_(0, in_rows, product(grad_out, kernels[cell].t()).to(grad_feats.dtype))
            if grad_weight is not None:
                grad_weight[cell] = outer_product(x.index_select(0, in_rows), grad_out)
        return None if grad_feats is None else grad_feats.to(feats_type), grad_weight, None


def block_conv(feats: Tensor, weight: Tensor, plan: BlockPlan, cells: Tensor | None = None) -> Tensor:
    """Submanifold convolution with a centred cube.

    Formula: ``y_u = sum_k W_k^T x_{u + offset_k}`` over the present neighbours.

    Args:
        feats: ``(N, C_in)``.
        weight: ``(K, C_in, C_out)``, or a slice for each of ``cells``.
        plan: of the level's neighbour table with K cells.
        cells: cells that the weight's slices belong to; the others are zero. None: all K.

    Returns:
        ``(N, C_out)``.
    """
    return _BlockConv.apply(feats, weight, plan, cells)


def pair_conv(feats: Tensor, weight: Tensor, pairs: Pairs) -> Tensor:
    """The same by pair lists, which multiply no absent neighbour.

    Formula: ``y_o += W_k^T x_i`` for every cell k and every pair (o, i) of it.

    Args:
        feats: ``(N, C_in)``.
        weight: ``(K, C_in, C_out)``.
        pairs: for each cell the (output rows, input rows).

    Returns:
        ``(N, C_out)``.
    """
    return _PairConv.apply(feats, weight, pairs)
