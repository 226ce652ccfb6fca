"""The end of a layer in one operation: the scale of its convolution, PReLU, the addition of the shortcut."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from bscnet.fused.operators import operator
from bscnet.sparse.native import elementwise as native
from bscnet.sparse.native.elementwise import native_serves
from bscnet.sparse.tiles.serving import device_of, kernels_serve


def scaled_prelu(
    sums: Tensor, scale: Tensor | None, slope: Tensor, shortcut: Tensor | None, whole: bool = False
) -> Tensor:
    """``prelu(scale_c * sums, slope_c) + shortcut``, of which the sums alone are kept.

    Args:
        sums: ``(N, C)`` float32, a convolution's output before its scale.
        scale: ``(C,)``, or None for 1.
        slope: ``(C,)`` of the negative side.
        shortcut: ``(N, C)`` float32, or None for 0.
        whole: the sums are whole numbers within int16's range, and are kept as such.
    """
    shortcut = None if shortcut is None else shortcut.contiguous()
    return _ScaledPReLU.apply(sums.contiguous(), scale, slope, shortcut, whole)


class _ScaledPReLU(Function):
    @staticmethod
    def forward(
        ctx: Any, sums: Tensor, scale: Tensor | None, slope: Tensor, shortcut: Tensor | None, whole: bool
    ) -> Tensor:
        y, kept = torch.ops.bscnet.scaled_prelu_forward(sums, scale, slope, shortcut, whole, sums.is_cuda)
        ctx.save_for_backward(kept if whole else sums, scale, slope)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        kept, scale, slope = ctx.saved_tensors
        learned = ctx.needs_input_grad[1]
        to_sums, to_scale, to_slope = torch.ops.bscnet.scaled_prelu_backward(
            grad.contiguous(), kept, scale, slope, learned, grad.is_cuda
        )
        return to_sums, to_scale if learned else None, to_slope, grad if ctx.needs_input_grad[3] else None, None


@operator(
    "scaled_prelu_forward(Tensor sums, Tensor? scale, Tensor slope, Tensor? shortcut, bool whole, "
    "bool on_gpu) -> (Tensor, Tensor)"
)
def _scaled_prelu_forward(
    sums: Tensor, scale: Tensor | None, slope: Tensor, shortcut: Tensor | None, whole: bool, on_gpu: bool
) -> tuple[Tensor, Tensor]:
    """The activations; and the sums as int16 if ``whole``, else nothing."""
    if on_gpu and kernels_serve(sums):
        from bscnet.fused.kernels import activation as kernels

        with device_of(sums):
            return kernels.scaled_prelu_forward(sums, scale, slope, shortcut, whole)
    if native_serves(sums):
        return native.scaled_prelu_forward(sums, scale, slope, shortcut, whole)
    # torch.prelu, without autocast's cast to a short type
    y = torch.ops.aten._prelu_kernel(sums if scale is None else sums * scale, slope[None])
    kept = sums.to(torch.int16) if whole else sums.new_empty(0, dtype=torch.int16)
    return (y if shortcut is None else y.add_(shortcut)), kept


@operator(
    "scaled_prelu_backward(Tensor grad, Tensor kept, Tensor? scale, Tensor slope, bool to_scale, bool on_gpu) "
    "-> (Tensor, Tensor, Tensor)"
)
def _scaled_prelu_backward(
    grad: Tensor, kept: Tensor, scale: Tensor | None, slope: Tensor, to_scale: bool, on_gpu: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of the sums, the scale (empty unless ``to_scale``) and the slope."""
    if on_gpu and kernels_serve(grad):
        from bscnet.fused.kernels import activation as kernels

        with device_of(grad):
            return kernels.scaled_prelu_backward(grad, kept, scale, slope, to_scale)
    if native_serves(grad):
        return native.scaled_prelu_backward(grad, kept, scale, slope, to_scale)
    t = kept.to(grad.dtype) if scale is None else kept * scale
    positive = torch.ops.aten.threshold_backward(grad, t, 0)
    negative = grad - positive
    to_slope = t.mul_(negative).sum(0) if t is not kept else (t * negative).sum(0)
    to_t = positive.addcmul_(negative, slope)
    found = (to_t * kept).sum(0) if to_scale else grad.new_empty(0)
    return (to_t if scale is None else to_t.mul_(scale)), found, to_slope


@torch.library.register_fake("bscnet::scaled_prelu_forward")
def _scaled_prelu_forward_shapes(sums: Tensor, *rest: Any) -> tuple[Tensor, Tensor]:
    return torch.empty_like(sums), sums.new_empty(sums.shape if rest[-2] else 0, dtype=torch.int16)


@torch.library.register_fake("bscnet::scaled_prelu_backward")
def _scaled_prelu_backward_shapes(
    grad: Tensor, kept: Tensor, scale: Tensor | None, slope: Tensor, to_scale: bool, on_gpu: bool
) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(grad), grad.new_empty(slope.shape if to_scale else 0), torch.empty_like(slope)
