"""Gather-GEMM convolution as autograd functions, in plain PyTorch.

Neither function keeps gathered rows for the backward pass; they are gathered again.

- ``block_conv``: submanifold convolutions. For a block of output sites gather every neighbour that any of them has (a
  row of zeros where one is absent) and do one GEMM: no scatter, and backward needs the mirrored offsets only, which for
  a cube are the same table.
- ``pair_conv``: strided and transposed convolutions, where each fine site has one cell. For each cell gather the rows,
  GEMM, add into the output.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from bscnet.sparse.blocks import BlockPlan
from bscnet.sparse.kernel_map import Pairs


def _with_zero_row(feats: Tensor) -> Tensor:
    return torch.cat([feats, feats.new_zeros(1, feats.shape[1])])


class _BlockConv(Function):
    @staticmethod
    def forward(ctx: Any, feats: Tensor, weight: Tensor, plan: BlockPlan, cells: Tensor | None) -> Tensor:
        ctx.save_for_backward(feats, weight)
        ctx.plan, ctx.cells = plan, cells
        c_in, c_out = weight.shape[1:]
        padded = _with_zero_row(feats)
        out = feats.new_empty(len(feats), c_out)
        for begin, end, slices, rows in plan.blocks(cells):
            gathered = padded.index_select(0, rows.reshape(-1)).view(end - begin, len(slices) * c_in)
            torch.mm(gathered, weight.index_select(0, slices).view(-1, c_out), out=out[begin:end])
        return out.index_select(0, plan.inverse)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        feats, weight = ctx.saved_tensors
        plan: BlockPlan = ctx.plan
        c_in, c_out = weight.shape[1:]
        padded = _with_zero_row(grads[0])
        need_feats, need_weight = ctx.needs_input_grad[:2]
        to_feats = weight.transpose(1, 2).contiguous() if need_feats else weight
        ordered = feats.index_select(0, plan.order) if need_weight else feats
        grad_feats = torch.empty_like(feats) if need_feats else None
        grad_weight = torch.zeros_like(weight) if need_weight else None
        # A row v is read through cell k by the site v - offset_k, which v in its turn sees through the mirrored cell.
        for begin, end, slices, rows in plan.blocks(ctx.cells, mirror=True):
            gathered = padded.index_select(0, rows.reshape(-1)).view(end - begin, len(slices) * c_out)
            if grad_feats is not None:
                torch.mm(gathered, to_feats.index_select(0, slices).view(-1, c_in), out=grad_feats[begin:end])
            if grad_weight is not None:
                part = torch.mm(ordered[begin:end].t(), gathered).view(c_in, len(slices), c_out)
                grad_weight.index_add_(0, slices, part.transpose(0, 1))
        if grad_feats is not None:
            grad_feats = grad_feats.index_select(0, plan.inverse)
        return grad_feats, grad_weight, None, None


class _PairConv(Function):
    @staticmethod
    def forward(ctx: Any, feats: Tensor, weight: Tensor, pairs: Pairs, num_out: int) -> Tensor:
        ctx.save_for_backward(feats, weight)
        ctx.pairs = pairs
        out = feats.new_zeros(num_out, weight.shape[2])
        for kernel, (out_rows, in_rows) in zip(weight, pairs, strict=True):
            if len(out_rows):
                out.index_add_(0, out_rows, feats.index_select(0, in_rows) @ kernel)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        feats, weight = ctx.saved_tensors
        need_feats, need_weight = ctx.needs_input_grad[:2]
        grad_feats = torch.zeros_like(feats) if need_feats else None
        grad_weight = torch.zeros_like(weight) if need_weight else None
        for cell, (out_rows, in_rows) in enumerate(ctx.pairs):
            if not len(out_rows):
                continue
            grad_out = grads[0].index_select(0, out_rows)
            if grad_feats is not None:
                grad_feats.index_add_(0, in_rows, grad_out @ weight[cell].t())
            if grad_weight is not None:
                torch.mm(feats.index_select(0, in_rows).t(), grad_out, out=grad_weight[cell])
        return grad_feats, grad_weight, None, None


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


def pair_conv(feats: Tensor, weight: Tensor, pairs: Pairs, num_out: int) -> Tensor:
    """Convolution by pair lists.

    Formula: ``y_o += W_k^T x_i`` for every cell k and every pair (o, i) of it.

    Args:
        feats: ``(N_in, C_in)``.
        weight: ``(K, C_in, C_out)``.
        pairs: for each cell the (output rows, input rows).
        num_out: number of output rows.

    Returns:
        ``(num_out, C_out)``.
    """
    return _PairConv.apply(feats, weight, pairs, num_out)
