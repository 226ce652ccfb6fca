"""Batch norm over sites together with what reads it: a sign, or a convolution that normalizes as it reads.

Batch norm keeps its input ``x`` for the backward pass, and the shortcut of a layer keeps the same ``x``. So its output
``z = scale_c * x + shift_c`` is not kept: the backward pass makes it again, and of the sign no more than bits remain.

The statistics of one norm are ``(5, C)`` float32: mean, 1 / std, scale, shift, and a row of NaN that the stand-ins of
`bscnet.sparse.operand` are views of.

Every function here gives ``x`` back beside its operand: the same values, with a gradient that is added to the norm's
own in the same pass. What reads ``x`` past the norm (a layer's shortcut) should read that one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from bscnet.fused.clip import clipped
from bscnet.fused.operators import operator
from bscnet.sparse.forms import BITS, SIGNS, STATISTICS, VALUES
from bscnet.sparse.native import elementwise as native
from bscnet.sparse.native.elementwise import native_serves
from bscnet.sparse.operand import Normalized, PackedSigns, pack_signs, stand_in_for
from bscnet.sparse.products import column_sums
from bscnet.sparse.tiles.serving import device_of, kernels_serve

FUSED_ESTIMATORS = ("clip", "approx")
"""The estimators of `bscnet.quantizers` that the operations here know."""
_ESTIMATORS: dict[str | None, int] = {None: 0, **{name: 1 + place for place, name in enumerate(FUSED_ESTIMATORS)}}


@dataclass(frozen=True)
class Norm:
    """What a batch norm consists of.

    Attributes:
        weight, bias: ``(C,)`` parameters.
        running_mean, running_var: ``(C,)`` buffers, updated in training.
        batches: number of training batches so far, a buffer, counted up in training.
        momentum, eps: as torch's.
        training: statistics are taken from the batch, which must have two sites or more, and not from the buffers.
    """

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor
    batches: Tensor
    momentum: float
    eps: float
    training: bool


def norm_sign(x: Tensor, norm: Norm, estimator: str, packed: bool) -> tuple[Tensor | PackedSigns, Tensor]:
    """``sign(norm(x))`` of ``(N, C)`` features, its gradient by an estimator of `bscnet.quantizers`; and ``x``.

    Args:
        x: float32.
        norm: the batch norm.
        estimator: ``approx`` or ``clip``.
        packed: give `PackedSigns`; else a float tensor of +-1.
    """
    form = BITS if packed else SIGNS
    found = _Normalize.apply(x.contiguous(), norm.weight, norm.bias, norm, _ESTIMATORS[estimator], form)
    return (PackedSigns(found[1], found[0]) if packed else found[0]), found[-1]


def normalized_operand(x: Tensor, norm: Norm) -> tuple[Normalized, Tensor]:
    """``norm(x)`` of ``(N, C)`` float32 features as an operand that is made where it is read; and ``x``."""
    x = x.contiguous()
    stand_in, scale, shift, passed = _Normalize.apply(x, norm.weight, norm.bias, norm, _ESTIMATORS[None], STATISTICS)
    return Normalized(x.detach(), scale, shift, stand_in), passed


def normalized(x: Tensor, norm: Norm) -> Tensor:
    """``norm(x)`` of ``(N, C)`` float32 features."""
    return _Normalize.apply(x.contiguous(), norm.weight, norm.bias, norm, _ESTIMATORS[None], VALUES)[0]


def sign_operand(x: Tensor, bias: Tensor | None, estimator: str, packed: bool) -> Tensor | PackedSigns:
    """``sign(x + bias_c)`` of ``(N, C)`` float32 features; arguments as of `norm_sign`."""
    found = _Sign.apply(x.contiguous(), bias, _ESTIMATORS[estimator], packed)
    return PackedSigns(found[1], found[0]) if packed else found[0]


class _Normalize(Function):
    """Keeps x and the statistics. Without a sign the estimator is 0."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, norm: Norm, estimator: int, form: int
    ) -> tuple[Tensor, ...]:
        buffers = norm.running_mean, norm.running_var, norm.batches
        out, stats = torch.ops.bscnet.norm_forward(
            x, weight, bias, *buffers, norm.momentum, norm.eps, norm.training, form, x.is_cuda
        )
        ctx.save_for_backward(x, weight, stats)
        ctx.estimator, ctx.training = estimator, norm.training
        ctx.set_materialize_grads(False)
        if form in (VALUES, SIGNS):
            return out, x
        stand_in = stats[4:].expand(len(x), -1)
        beside = (out,) if form == BITS else (stats[2], stats[3])
        ctx.mark_non_differentiable(*beside)
        return stand_in, *beside, x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor | None, *others: Tensor | None) -> tuple[Tensor | None, ...]:
        passed = others[-1]
        if grad is None:
            return passed, None, None, None, None, None
        x, weight, stats = ctx.saved_tensors
        passed = None if passed is None else passed.contiguous()
        found = torch.ops.bscnet.norm_backward(
            grad.contiguous(), x, weight, stats, passed, ctx.estimator, ctx.training, x.is_cuda
        )
        return *found, None, None, None


class _Sign(Function):
    """Keeps x and the bias."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, bias: Tensor | None, estimator: int, packed: bool) -> tuple[Tensor, ...]:
        signs = torch.ops.bscnet.sign_forward(x, bias, BITS if packed else SIGNS, x.is_cuda)
        ctx.save_for_backward(x, bias)
        ctx.estimator = estimator
        ctx.set_materialize_grads(False)
        if not packed:
            return (signs,)
        ctx.mark_non_differentiable(signs)
        return stand_in_for(len(x), x.shape[1], x), signs

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor | None, *_: None) -> tuple[Tensor | None, ...]:
        if grad is None:
            return None, None, None, None
        x, bias = ctx.saved_tensors
        to_x = torch.ops.bscnet.sign_backward(grad.contiguous(), x, bias, ctx.estimator, x.is_cuda)
        return to_x, None if bias is None else column_sums(to_x), None, None


@operator(
    "norm_forward(Tensor x, Tensor weight, Tensor bias, Tensor(a!) running_mean, Tensor(b!) running_var, "
    "Tensor(c!) batches, float momentum, float eps, bool training, int form, bool on_gpu) -> (Tensor, Tensor)"
)
def _norm_forward(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    batches: Tensor,
    momentum: float,
    eps: float,
    training: bool,
    form: int,
    on_gpu: bool,
) -> tuple[Tensor, Tensor]:
    """The normalized array in a form (for ``STATISTICS`` empty) and the statistics."""
    if on_gpu and kernels_serve(x):
        from bscnet.fused.kernels import norm as kernels

        with device_of(x):
            return kernels.norm_forward(
                x, weight, bias, running_mean, running_var, batches, momentum, eps, training, form
            )
    if training and native_serves(x):  # else in torch's rounding, which an exported network has to the last bit
        return native.norm_forward(x, weight, bias, running_mean, running_var, batches, momentum, eps, training, form)
    z, mean, rstd = torch.native_batch_norm(x, weight, bias, running_mean, running_var, training, momentum, eps)
    if training:
        batches += 1
    else:
        mean, rstd = running_mean, (running_var + eps).rsqrt()
    scale = rstd * weight
    stats = torch.stack([mean, rstd, scale, bias - mean * scale, torch.full_like(mean, torch.nan)])
    return _formed(z, form), stats


@operator(
    "norm_backward(Tensor grad, Tensor x, Tensor weight, Tensor stats, Tensor? passed, int estimator, bool training, "
    "bool on_gpu) -> (Tensor, Tensor, Tensor)"
)
def _norm_backward(
    grad: Tensor,
    x: Tensor,
    weight: Tensor,
    stats: Tensor,
    passed: Tensor | None,
    estimator: int,
    training: bool,
    on_gpu: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of x, weight and bias; ``passed`` is added to that of x."""
    if on_gpu and kernels_serve(x):
        from bscnet.fused.kernels import norm as kernels

        with device_of(grad):
            return kernels.norm_backward(grad, x, stats, passed, estimator, training)
    if native_serves(grad):
        return native.norm_backward(grad, x, stats, passed, estimator, training)
    mean, rstd, scale, shift, _ = stats
    if estimator:
        grad = _estimated(grad, torch.addcmul(shift, x, scale), estimator)
    if training:
        to_x, to_weight, to_bias = torch.ops.aten.native_batch_norm_backward(
            grad, x, weight, None, None, mean, rstd, True, 0.0, [True, True, True]
        )
    else:
        to_x, to_weight, to_bias = grad * scale, ((x - mean) * grad).sum(0) * rstd, grad.sum(0)
    return (to_x if passed is None else to_x.add_(passed)), to_weight, to_bias


@operator("sign_forward(Tensor x, Tensor? bias, int form, bool on_gpu) -> Tensor")
def _sign_forward(x: Tensor, bias: Tensor | None, form: int, on_gpu: bool) -> Tensor:
    """``sign(x + bias_c)`` in the form ``SIGNS`` or ``BITS``."""
    if on_gpu and kernels_serve(x):
        from bscnet.fused.kernels import norm as kernels

        with device_of(x):
            return kernels.sign_forward(x, bias, form)
    if native_serves(x):
        return native.sign_forward(x, bias, form)
    return _formed(x.clone() if bias is None else x + bias, form)


@operator("sign_backward(Tensor grad, Tensor x, Tensor? bias, int estimator, bool on_gpu) -> Tensor")
def _sign_backward(grad: Tensor, x: Tensor, bias: Tensor | None, estimator: int, on_gpu: bool) -> Tensor:
    """The gradient of x; that of the bias is its sum over the sites."""
    if on_gpu and kernels_serve(x):
        from bscnet.fused.kernels import norm as kernels

        with device_of(grad):
            return kernels.sign_backward(grad, x, bias, estimator)
    if native_serves(x):
        return native.sign_backward(grad, x, bias, estimator)
    return _estimated(grad, x.clone() if bias is None else x + bias, estimator)


@torch.library.register_fake("bscnet::norm_forward")
def _norm_forward_shapes(x: Tensor, weight: Tensor, *rest: Any) -> tuple[Tensor, Tensor]:
    return _shape_of_form(x, rest[-2]), x.new_empty(5, x.shape[1])


@torch.library.register_fake("bscnet::norm_backward")
def _norm_backward_shapes(grad: Tensor, x: Tensor, weight: Tensor, *rest: Any) -> tuple[Tensor, Tensor, Tensor]:
    return torch.empty_like(x), torch.empty_like(weight), torch.empty_like(weight)


@torch.library.register_fake("bscnet::sign_forward")
def _sign_forward_shape(x: Tensor, bias: Tensor | None, form: int, on_gpu: bool) -> Tensor:
    return _shape_of_form(x, form)


@torch.library.register_fake("bscnet::sign_backward")
def _sign_backward_shape(grad: Tensor, x: Tensor, *rest: Any) -> Tensor:
    return torch.empty_like(x)


def _shape_of_form(x: Tensor, form: int) -> Tensor:
    if form == BITS:
        return x.new_empty(len(x), math.ceil(x.shape[1] / 32), dtype=torch.int32)
    return x.new_empty(0) if form == STATISTICS else torch.empty_like(x)


def _formed(z: Tensor, form: int) -> Tensor:
    """z in a form; z is overwritten."""
    if form == BITS:
        return pack_signs(z)
    if form == SIGNS:
        # -0.0 + 0.0 is +0.0, whose sign copies as +1.
        return torch.copysign(torch.ones((), device=z.device), z.add_(0.0), out=z)
    return z if form == VALUES else z.new_empty(0)


def _estimated(grad: Tensor, z: Tensor, estimator: int) -> Tensor:
    """The gradient of z from that of its sign; z is overwritten."""
    if estimator == _ESTIMATORS["clip"]:
        return clipped(grad, z)
    return z.abs_().mul_(-2.0).add_(2.0).relu_().mul_(grad)
