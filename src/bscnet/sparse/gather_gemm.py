"""Gather-GEMM-scatter convolution as autograd functions, in plain PyTorch.

Two ways to run the same sum, neither of which keeps gathered rows for the backward pass (they are gathered again):

- by table: for a block of output sites gather all K neighbours (a row of zeros where one is absent) and do one GEMM.
  No scatter; arithmetic grows with K. Backward needs the mirrored table only, which for a cube is the same table.
- by pairs: for each cell gather the present rows, GEMM, add into the output. Arithmetic grows with the pairs.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from bscnet.sparse.kernel_map import Pairs

# Gathered values per block: small enough to stay in a core's cache on a CPU, large enough to fill a GPU.
_CPU_BLOCK = 1 << 19
_GPU_BLOCK = 1 << 27


def _block_rows(device: torch.device, row_values: int) -> int:
    budget = _CPU_BLOCK if device.type == "cpu" else _GPU_BLOCK
    return max(128, budget // max(1, row_values))


def _with_zero_row(feats: Tensor) -> Tensor:
    return torch.cat([feats, feats.new_zeros(1, feats.shape[1])])


class _TableConv(Function):
    @staticmethod
    def forward(ctx: Any, feats: Tensor, weight: Tensor, table: Tensor, mirror: Tensor) -> Tensor:
        cells, c_in, c_out = weight.shape
        ctx.save_for_backward(feats, weight, mirror)
        padded = _with_zero_row(feats)
        flat = weight.reshape(cells * c_in, c_out)
        out = feats.new_empty(len(table), c_out)
        step = _block_rows(feats.device, cells * c_in)
        for begin in range(0, len(table), step):
            rows = table[begin : begin + step]
            gathered = padded.index_select(0, rows.reshape(-1)).view(len(rows), cells * c_in)
            torch.mm(gathered, flat, out=out[begin : begin + step])
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        feats, weight, mirror = ctx.saved_tensors
        cells, c_in, c_out = weight.shape
        padded = _with_zero_row(grads[0])
        to_feats = weight.transpose(1, 2).reshape(cells * c_out, c_in)
        need_feats, need_weight = ctx.needs_input_grad[:2]
        grad_feats = torch.empty_like(feats) if need_feats else None
        grad_weight = weight.new_zeros(c_in, cells * c_out) if need_weight else None
        step = _block_rows(feats.device, cells * c_out)
        for begin in range(0, len(mirror), step):
            rows = mirror[begin : begin + step]
            gathered = padded.index_select(0, rows.reshape(-1)).view(len(rows), cells * c_out)
            if grad_feats is not None:
                torch.mm(gathered, to_feats, out=grad_feats[begin : begin + step])
            if grad_weight is not None:
                grad_weight.addmm_(feats[begin : begin + step].t(), gathered)
        if grad_weight is not None:
            grad_weight = grad_weight.view(c_in, cells, c_out).transpose(0, 1).contiguous()
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


def table_conv(feats: Tensor, weight: Tensor, table: Tensor, mirror: Tensor) -> Tensor:
    """Convolution by neighbour table.

    Formula: ``y_u = sum_k W_k^T x_{table[u, k]}``.

    Args:
        feats: ``(N_in, C_in)``.
        weight: ``(K, C_in, C_out)``.
        table: ``(N_out, K)`` int32 rows of feats, N_in where absent.
        mirror: ``(N_in, K)`` int32, the outputs that read a row through each cell, N_out where none.

    Returns:
        ``(N_out, C_out)``.
    """
    return _TableConv.apply(feats, weight, table, mirror)


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
