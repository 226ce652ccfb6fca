"""The convolution as registered operators with gradients.

What is kept for the backward pass is the operand as it was given (bits of signs, or features before normalization), the
weight and the kernel maps.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bscnet.sparse.tiles import launch, reference
from bscnet.sparse.tiles.launch import Features
from bscnet.sparse.tiles.reading import Reading, reading_of
from bscnet.sparse.tiles.serving import kernels_serve

_TENSORS = 6  # of a reading
_NUMBERS = 4


@torch.library.custom_op("bscnet::tile_convolution", mutates_args=())
def tile_convolution(
    values: Tensor,
    stand_in: Tensor | None,
    scale: Tensor | None,
    shift: Tensor | None,
    weight: Tensor,
    reads: list[Tensor],
    back_reads: list[Tensor],
    by_entry: list[Tensor],
    numbers: list[int],
) -> Tensor:
    """Convolution by a kernel map.

    Formula: ``y_r = sum_e W_e^T x_{source_e(r)}`` over the entries e that row r has.

    Args:
        values: ``(N, C_in)`` features, or ``(N, ceil(C_in / 32))`` int32 bits of signs.
        stand_in: where the gradient of the features goes when it is not ``values``; its values are not read.
        scale, shift: ``(C_in,)``: features are ``scale * values + shift``; both or none.
        weight: ``(slices, C_in, C_out)``, of the type in which products are made and the result is given.
        reads: tensors of the `Reading` by which outputs read the features.
        back_reads: of the one by which the features' gradient reads that of the outputs; empty where it is not wanted.
        by_entry: `bscnet.sparse.tiles.tile_lists.tiles_by_entry` of the first; empty where no gradient of the weight
            is wanted, or no kernel runs.
        numbers: of the first reading, then of the second.

    Returns:
        ``(rows, C_out)``.
    """
    features, reading = Features(values, scale, shift), reading_of(reads, numbers[:_NUMBERS])
    body = launch.convolve if _serves(values, weight) else reference.convolve
    return body(features, weight, reading)


@torch.library.custom_op("bscnet::tile_weight_gradient", mutates_args=())
def tile_weight_gradient(
    values: Tensor,
    scale: Tensor | None,
    shift: Tensor | None,
    grad: Tensor,
    reads: list[Tensor],
    numbers: list[int],
    by_entry: list[Tensor],
    shape: list[int],
) -> Tensor:
    """Gradient of a weight of this shape, in the type of ``grad``, which is that of the convolution's result.

    Formula: ``dW_e = sum_r x_{source_e(r)} dy_r^T``, summed in an order that depends on the kernel map alone.
    """
    features, reading = Features(values, scale, shift), reading_of(reads, numbers)
    if _serves(values, grad):
        return launch.weight_gradient(features, grad, reading, by_entry, shape)
    return reference.weight_gradient(features, grad, reading, shape)


def apply(
    features: Features,
    stand_in: Tensor | None,
    weight: Tensor,
    reading: Reading,
    back: Reading | None,
    by_entry: list[Tensor],
) -> Tensor:
    """`tile_convolution` of a reading."""
    return tile_convolution(
        features.values,
        stand_in,
        features.scale,
        features.shift,
        weight,
        reading.tensors,
        back.tensors if back else [],
        by_entry,
        reading.numbers + (back.numbers if back else []),
    )


def _serves(values: Tensor, products: Tensor) -> bool:
    return kernels_serve(values) and kernels_serve(products)


@tile_convolution.register_fake
def _(values, stand_in, scale, shift, weight, reads, back_reads, by_entry, numbers):  # type: ignore[no-untyped-def]
    return weight.new_empty((numbers[1], weight.shape[2]))


@tile_weight_gradient.register_fake
def _(values, scale, shift, grad, reads, numbers, by_entry, shape):  # type: ignore[no-untyped-def]
    return grad.new_empty(shape)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    values, stand_in, scale, shift, weight, reads, back_reads, by_entry, numbers = inputs
    ctx.save_for_backward(values, scale, shift, weight, *reads, *back_reads, *by_entry)
    ctx.numbers, ctx.back_numbers = numbers[:_NUMBERS], numbers[_NUMBERS:]
    ctx.kind = (values if stand_in is None else stand_in).dtype


def _gradients(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
    values, scale, shift, weight, *maps = ctx.saved_tensors
    reads, maps = maps[:_TENSORS], maps[_TENSORS:]
    back, by_entry = (maps[:_TENSORS], maps[_TENSORS:]) if ctx.back_numbers else ([], maps)
    to_features = to_weight = None
    if ctx.needs_input_grad[0] or ctx.needs_input_grad[1]:
        turned = weight.transpose(1, 2)
        to_features = tile_convolution(grad, None, None, None, turned, back, [], [], ctx.back_numbers).to(ctx.kind)
    if ctx.needs_input_grad[4]:
        to_weight = tile_weight_gradient(values, scale, shift, grad, reads, ctx.numbers, by_entry, list(weight.shape))
    to_values = to_features if ctx.needs_input_grad[0] else None
    to_stand_in = to_features if ctx.needs_input_grad[1] else None
    none: list[list[None]] = [[None] * len(part) for part in (reads, back, by_entry)]
    return to_values, to_stand_in, None, None, to_weight, *none, None


tile_convolution.register_autograd(_gradients, setup_context=_keep)
