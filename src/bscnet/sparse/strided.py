"""Convolutions and pooling between a level and the next coarser one, as autograd functions in plain PyTorch.

Each fine site has one kernel cell. In the order of the cells, one GEMM a cell multiplies consecutive rows; what it
gives is then moved to the fine rows or summed at the coarse ones.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from bscnet.sparse.precision import in_product_type, sum_type
from bscnet.sparse.products import outer_product, product
from bscnet.sparse.stride_map import ByCell, Children


def _read(feats: Tensor, order: ByCell, fine: bool) -> Tensor:
    """The row of each fine site in the order of the cells, its own or its parent's."""
    return feats.index_select(0, order.fine if fine else order.coarse)


def _write(products: Tensor, order: ByCell, fine: bool) -> Tensor:
    """The transpose of `_read`."""
    return products.index_select(0, order.place) if fine else order.children.sums(products)


def _multiply(rows: Tensor, kernels: Tensor, order: ByCell) -> Tensor:
    products = rows.new_empty(len(rows), kernels.shape[2])
    for kernel, (begin, end) in zip(kernels, order.bounds, strict=True):
        if begin < end:
            products[begin:end] = product(rows[begin:end], kernel)
    return products


class _StrideConv(Function):
    @staticmethod
    def forward(ctx: Any, feats: Tensor, weight: Tensor, order: ByCell, down: bool) -> Tensor:
        x, kernels = in_product_type(feats, weight)
        ctx.save_for_backward(x, kernels)
        ctx.order, ctx.down, ctx.types = order, down, (feats.dtype, weight.dtype)
        return _write(_multiply(_read(x, order, down), kernels, order), order, not down)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, Tensor | None, None, None]:
        x, kernels = ctx.saved_tensors
        order: ByCell = ctx.order
        need_feats, need_weight = ctx.needs_input_grad[:2]
        feats_type, weight_type = ctx.types
        grad = _read(grads[0].to(kernels.dtype), order, not ctx.down)
        grad_feats = grad_weight = None
        if need_feats:
            grad_feats = _write(_multiply(grad, kernels.transpose(1, 2), order), order, ctx.down).to(feats_type)
        if need_weight:
            rows = _read(x, order, ctx.down)
            grad_weight = torch.zeros_like(kernels, dtype=weight_type)
            for cell, (begin, end) in enumerate(order.bounds):
                if begin < end:
                    grad_weight[cell] = outer_product(rows[begin:end], grad[begin:end])
        return grad_feats, grad_weight, None, None


class _PoolSum(Function):
    @staticmethod
    def forward(ctx: Any, feats: Tensor, parent: Tensor, children: Children) -> Tensor:
        ctx.parent = parent
        return children.sums(feats)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return grads[0].index_select(0, ctx.parent), None, None


class _PoolMax(Function):
    @staticmethod
    def forward(ctx: Any, feats: Tensor, parent: Tensor, children: Children) -> Tensor:
        lowest = feats.new_full((len(children.starts), feats.shape[1]), -torch.inf)
        highest = lowest.scatter_reduce(0, parent.long()[:, None].expand_as(feats), feats, "amax")
        ctx.save_for_backward(feats, highest)
        ctx.parent, ctx.children = parent, children
        return highest

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        feats, highest = ctx.saved_tensors
        # Children that share the maximum share its gradient.
        reached = feats == highest.index_select(0, ctx.parent)
        sharing = ctx.children.sums(reached.to(sum_type(feats.dtype)))
        return (grads[0] / sharing).index_select(0, ctx.parent).to(feats.dtype) * reached, None, None


class _Unpool(Function):
    @staticmethod
    def forward(ctx: Any, coarse_feats: Tensor, parent: Tensor, children: Children) -> Tensor:
        ctx.children = children
        return coarse_feats.index_select(0, parent)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        return ctx.children.sums(grads[0]), None, None


def stride_conv(feats: Tensor, weight: Tensor, order: ByCell, down: bool) -> Tensor:
    """The strided convolution of fine features, or the transposed one of coarse features.

    Formula: ``y_v = sum_c W_c^T x_{2v+c}`` or ``y_u = W_{u mod 2}^T x_{floor(u/2)}``.

    Args:
        feats: ``(N_fine, C_in)`` if ``down``, else ``(N_coarse, C_in)``.
        weight: ``(8, C_in, C_out)``.
        order: of the map between the two levels.
        down: which of the two.

    Returns:
        ``(N_coarse, C_out)`` if ``down``, else ``(N_fine, C_out)``.
    """
    return _StrideConv.apply(feats, weight, order, down)


def pool_sum(feats: Tensor, parent: Tensor, children: Children) -> Tensor:
    """Sum of ``(N_fine, C)`` over the children of each coarse site, ``(N_coarse, C)``; ``parent`` as in `StrideMap`."""
    return _PoolSum.apply(feats, parent, children)


def pool_max(feats: Tensor, parent: Tensor, children: Children) -> Tensor:
    """Maximum of ``(N_fine, C)`` over the children of each coarse site, ``(N_coarse, C)``.

    Children that share a maximum get equal parts of its gradient.
    """
    return _PoolMax.apply(feats, parent, children)


def unpool(coarse_feats: Tensor, parent: Tensor, children: Children) -> Tensor:
    """The parent's row of ``(N_coarse, C)`` at each fine site, ``(N_fine, C)``."""
    return _Unpool.apply(coarse_feats, parent, children)
