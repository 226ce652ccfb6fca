"""Pooling between levels as operators of torch, with their gradients and shapes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bscnet.sparse.native.checks import check_floats, check_integers
from bscnet.sparse.native.library import call
from bscnet.sparse.native.operators import operator, set_gradient, shapes_of


def _pooled(name: str, x: Tensor, first_child: Tensor, child: Tensor) -> Tensor:
    x = check_floats("x", x, (len(child), None))
    first_child, child = check_integers("first_child", first_child, (None,)), check_integers("child", child, (None,))
    coarse, channels = len(first_child) - 1, x.shape[1]
    y = x.new_empty(coarse, channels)
    links = (coarse, len(child), channels, first_child.data_ptr(), child.data_ptr())
    call(name, *links, x.data_ptr(), torch.get_num_threads(), y.data_ptr())
    return y


@operator("pool_sum(Tensor x, Tensor parent, Tensor first_child, Tensor child) -> Tensor")
def pool_sum(x: Tensor, parent: Tensor, first_child: Tensor, child: Tensor) -> Tensor:
    """Sum of x over the children of each coarse row; the last three are of ``Links``."""
    return _pooled("bscnet_pool_sum", x, first_child, child)


@operator("unpool(Tensor x, Tensor parent, Tensor first_child, Tensor child) -> Tensor")
def unpool(x: Tensor, parent: Tensor, first_child: Tensor, child: Tensor) -> Tensor:
    """For each fine row that of its parent; the last three are of ``Links``."""
    x, parent = check_floats("x", x, (len(first_child) - 1, None)), check_integers("parent", parent, (None,))
    y = x.new_empty(len(parent), x.shape[1])
    call(
        "bscnet_unpool",
        len(parent),
        len(x),
        x.shape[1],
        parent.data_ptr(),
        x.data_ptr(),
        torch.get_num_threads(),
        y.data_ptr(),
    )
    return y


@operator("pool_max(Tensor x, Tensor first_child, Tensor child) -> Tensor")
def pool_max(x: Tensor, first_child: Tensor, child: Tensor) -> Tensor:
    """Maximum of x over the children of each coarse row."""
    return _pooled("bscnet_pool_max", x, first_child, child)


@operator("pool_max_gradient(Tensor x, Tensor y, Tensor dy, Tensor first_child, Tensor child) -> Tensor")
def pool_max_gradient(x: Tensor, y: Tensor, dy: Tensor, first_child: Tensor, child: Tensor) -> Tensor:
    """Gradient of ``pool_max``: in equal parts to the children that have the maximum."""
    x = check_floats("x", x, (len(child), None))
    coarse, channels = len(first_child) - 1, x.shape[1]
    y, dy = check_floats("y", y, (coarse, channels)), check_floats("dy", dy, (coarse, channels))
    first_child, child = check_integers("first_child", first_child, (None,)), check_integers("child", child, (None,))
    dx = torch.empty_like(x)
    links = (coarse, len(child), channels, first_child.data_ptr(), child.data_ptr())
    arrays = (x.data_ptr(), y.data_ptr(), dy.data_ptr())
    call("bscnet_pool_max_gradient", *links, *arrays, torch.get_num_threads(), dx.data_ptr())
    return dx


@shapes_of(pool_sum)
def _(x: Tensor, parent: Tensor, first_child: Tensor, child: Tensor) -> Tensor:
    return x.new_empty(len(first_child) - 1, x.shape[1])


@shapes_of(unpool)
def _(x: Tensor, parent: Tensor, first_child: Tensor, child: Tensor) -> Tensor:
    return x.new_empty(len(parent), x.shape[1])


@shapes_of(pool_max)
def _(x: Tensor, first_child: Tensor, child: Tensor) -> Tensor:
    return x.new_empty(len(first_child) - 1, x.shape[1])


@shapes_of(pool_max_gradient)
def _(x: Tensor, y: Tensor, dy: Tensor, first_child: Tensor, child: Tensor) -> Tensor:
    return x.new_empty(x.shape)


def _keep_links(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs[1:])


def _keep_all(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs, output)


def _pool_sum_backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    return unpool(grad, *ctx.saved_tensors), None, None, None


def _unpool_backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    return pool_sum(grad, *ctx.saved_tensors), None, None, None


def _pool_max_backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    x, first_child, child, y = ctx.saved_tensors
    return pool_max_gradient(x, y, grad, first_child, child), None, None


set_gradient(pool_sum, _keep_links, _pool_sum_backward)
set_gradient(unpool, _keep_links, _unpool_backward)
set_gradient(pool_max, _keep_all, _pool_max_backward)
