"""1-bit weights in one operation that keeps the latent weights and nothing else."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from bscnet.fused.clip import clipped
from bscnet.fused.operators import operator
from bscnet.sparse.native import elementwise as native
from bscnet.sparse.native.elementwise import native_serves
from bscnet.sparse.tiles.serving import device_of, kernels_serve


def weight_signs(weight: Tensor) -> Tensor:
    """``sign(W)`` of the shape of W, float32; gradient ``1[|W| <= 1]``."""
    return _WeightSigns.apply(weight, False)[0]


def weight_signs_and_scale(weight: Tensor) -> tuple[Tensor, Tensor]:
    """``weight_signs``, and ``(C_out,)`` mean magnitudes of the channels on the last axis, without gradient."""
    return _WeightSigns.apply(weight, True)


class _WeightSigns(Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, scaled: bool) -> tuple[Tensor, Tensor]:
        signs, scale = torch.ops.bscnet.weight_signs(weight.contiguous(), scaled, weight.is_cuda)
        ctx.save_for_backward(weight)
        ctx.mark_non_differentiable(scale)
        ctx.set_materialize_grads(False)
        return signs, scale

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor | None, *_: None) -> tuple[Tensor | None, None]:
        if grad is None:
            return None, None
        (weight,) = ctx.saved_tensors
        return torch.ops.bscnet.weight_gradient(grad.contiguous(), weight.contiguous(), grad.is_cuda), None


@operator("weight_signs(Tensor weight, bool scaled, bool on_gpu) -> (Tensor, Tensor)")
def _weight_signs(weight: Tensor, scaled: bool, on_gpu: bool) -> tuple[Tensor, Tensor]:
    """The signs, and the scales or, unless ``scaled``, nothing."""
    if on_gpu and kernels_serve(weight):
        from bscnet.fused.kernels import weight as kernels

        with device_of(weight):
            return kernels.weight_signs(weight, scaled)
    # In torch's rounding, whoever makes the signs: an exported network has these scales to the last bit. For a moment
    # the sizes stand where the signs will, in the cache.
    signs = torch.empty_like(weight)
    scale = torch.abs(weight, out=signs).flatten(0, -2).mean(0) if scaled else weight.new_empty(0)
    if native_serves(weight):
        native.weight_signs(weight, signs)
        return signs, scale
    torch.add(weight, 0.0, out=signs)  # which makes +0.0 of -0.0
    torch.copysign(torch.ones((), device=weight.device), signs, out=signs)
    return signs, scale


@operator("weight_gradient(Tensor grad, Tensor weight, bool on_gpu) -> Tensor")
def _weight_gradient(grad: Tensor, weight: Tensor, on_gpu: bool) -> Tensor:
    """``grad * 1[|W| <= 1]``."""
    if on_gpu and kernels_serve(weight):
        from bscnet.fused.kernels import weight as kernels

        with device_of(grad):
            return kernels.weight_gradient(grad, weight)
    if native_serves(weight):
        return native.weight_gradient(grad, weight)
    return clipped(grad, weight)


@torch.library.register_fake("bscnet::weight_signs")
def _weight_signs_shapes(weight: Tensor, scaled: bool, on_gpu: bool) -> tuple[Tensor, Tensor]:
    return torch.empty_like(weight), weight.new_empty(weight.shape[-1] if scaled else 0)


@torch.library.register_fake("bscnet::weight_gradient")
def _weight_gradient_shape(grad: Tensor, weight: Tensor, on_gpu: bool) -> Tensor:
    return torch.empty_like(weight)
