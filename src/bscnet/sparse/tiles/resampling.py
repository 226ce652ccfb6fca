"""Pooling over children and copying from parents, as registered operators with gradients; each is one launch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bscnet.sparse.tiles.serving import device_of, kernels_serve, parts, power_of_two

_VALUES = 2048  # of a block


@torch.library.custom_op("bscnet::pool_children", mutates_args=())
def pool_children(values: Tensor, children: Tensor, parents: Tensor, maximum: bool) -> Tensor:
    """Sum or maximum over the children of each coarse row.

    Args:
        values: ``(N, C)``.
        children: ``(8, M)`` int32 rows, -1 where there is none.
        parents: ``(N,)`` int32, see `bscnet.sparse.tiles.runs.link_levels`.
        maximum: the gradient of a maximum is shared equally among those that have it.

    Returns:
        ``(M, C)``; sums are made in float32 at least.
    """
    rows, channels = children.shape[1], values.shape[1]
    if not kernels_serve(values):
        wide = _of_children(values, children, -torch.inf if maximum else 0)
        return (wide.amax(0) if maximum else wide.sum(0)).to(values.dtype)
    from bscnet.sparse.tiles.kernels import pooling

    out = values.new_empty((rows, channels))
    grid, blocks = _blocks(rows, channels)
    with device_of(values):
        pooling.pool_children[grid](values, children, out, rows, channels, *values.stride(), MAXIMUM=maximum, **blocks)
    return out


@torch.library.custom_op("bscnet::copy_parents", mutates_args=())
def copy_parents(values: Tensor, parents: Tensor, children: Tensor) -> Tensor:
    """``(N, C)``: each fine row takes the row of its parent in ``values``, ``(M, C)``. The rest as `pool_children`."""
    rows, channels = len(parents), values.shape[1]
    if not kernels_serve(values):
        return values.index_select(0, (parents >> 3).long())
    from bscnet.sparse.tiles.kernels import pooling

    out = values.new_empty((rows, channels))
    grid, blocks = _blocks(rows, channels)
    with device_of(values):
        pooling.copy_parents[grid](values, parents, out, rows, channels, *values.stride(), **blocks)
    return out


@torch.library.custom_op("bscnet::pool_max_gradient", mutates_args=())
def pool_max_gradient(values: Tensor, grad: Tensor, children: Tensor) -> Tensor:
    """Gradient of the maximum over children, ``(N, C)``, from that of its result, ``(M, C)``."""
    rows, channels = grad.shape
    if not kernels_serve(values):
        wide = _of_children(values, children, -torch.inf)
        most = (wide == wide.amax(0)) & (children >= 0)[..., None]
        shares = most * (grad.to(wide.dtype) / most.sum(0))
        held = children >= 0
        given = torch.zeros(values.shape, dtype=wide.dtype, device=values.device)
        return given.index_copy(0, children[held].long(), shares[held]).to(values.dtype)
    from bscnet.sparse.tiles.kernels import pooling

    out = values.new_empty(values.shape)
    grid, blocks = _blocks(rows, channels)
    with device_of(values):
        pooling.pool_max_gradient[grid](
            values, grad, children, out, rows, channels, *values.stride(), *grad.stride(), **blocks
        )
    return out


def _of_children(values: Tensor, children: Tensor, absent: float) -> Tensor:
    """``(8, M, C)``, a number where there is no child."""
    wide = values.to(torch.promote_types(values.dtype, torch.float32))
    padded = torch.cat([wide, wide.new_full((1, wide.shape[1]), absent)])
    return padded[children.long()]  # row -1 is the last


def _blocks(rows: int, channels: int) -> tuple[tuple[int, int], dict[str, int]]:
    width = min(power_of_two(channels), 128)
    height = _VALUES // width
    return (parts(rows, height), parts(channels, width)), {"BLOCK_ROWS": height, "BLOCK_CHANNELS": width}


@pool_children.register_fake
def _(values, children, parents, maximum):  # type: ignore[no-untyped-def]
    return values.new_empty((children.shape[1], values.shape[1]))


@copy_parents.register_fake
def _(values, parents, children):  # type: ignore[no-untyped-def]
    return values.new_empty((len(parents), values.shape[1]))


@pool_max_gradient.register_fake
def _(values, grad, children):  # type: ignore[no-untyped-def]
    return values.new_empty(values.shape)


def _keep_pooled(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    values, children, parents, ctx.maximum = inputs
    ctx.save_for_backward(children, *([values] if ctx.maximum else [parents]))


def _pooled_gradient(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
    children, other = ctx.saved_tensors
    given = pool_max_gradient(other, grad, children) if ctx.maximum else copy_parents(grad, other, children)
    return given, None, None, None


def _keep_copied(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    ctx.save_for_backward(*inputs[1:])


def _copied_gradient(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
    parents, children = ctx.saved_tensors
    return pool_children(grad, children, parents, False), None, None


pool_children.register_autograd(_pooled_gradient, setup_context=_keep_pooled)
copy_parents.register_autograd(_copied_gradient, setup_context=_keep_copied)
