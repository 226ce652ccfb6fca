"""Forms of latent weights: what the sign of 1-bit weights is taken of, where that is not the latent weight itself.

All are functions of ``(..., C_out)`` weights; a channel is everything but the last axis. They change signs or
gradients alone: scales are made apart (`bscnet.quantizers.scales`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from bscnet.settings.words import WeightForm

TAU_MIN, TAU_MAX = 0.85, 0.99
RECURRENT_SHARE = 0.4
RECURRENT_INIT = 0.2


def centred(weight: Tensor) -> Tensor:
    """``W - mean W``, the mean over the layer (BiPointNet, arXiv 2010.05501)."""
    return weight - _layer_mean(weight)


def _layer_mean(weight: Tensor) -> Tensor:
    """The mean of all, channel by channel: torch adds up one long row in an order that threads decide."""
    return weight.flatten(0, -2).mean(0).mean()


def standardized(weight: Tensor, eps: float = 0.0) -> Tensor:
    """``(W - mean_o) / sqrt(var_o + eps)`` with the mean and the unbiased variance of each output channel.

    A channel of equal weights, which has no variance, gives zeros.

    Source: IR-Net (arXiv 1909.10788), eps 0; htqin/IR-Net, ir_1w1a.py.
    """
    rows = weight.flatten(0, -2)
    shifted = rows - rows.mean(0)
    spread = (shifted.square().sum(0) / max(len(rows) - 1, 1) + eps).clamp_min(torch.finfo(weight.dtype).tiny).sqrt()
    return (shifted / spread).view_as(weight)


def recu_tau(progress: float) -> float:
    """``tau = 0.85 + 0.14 (e^p - 1) / (e - 1)``: from 0.85 at p = 0 to 0.99 at p = 1."""
    return TAU_MIN + (TAU_MAX - TAU_MIN) * math.expm1(progress) / math.expm1(1.0)


def rectified_clamp(weight: Tensor, tau: float) -> Tensor:
    """``clamp(W', -Q, Q)`` with ``W' = 2 sqrt(2) standardized(W)`` and ``Q = -mean|W'| ln(2 - 2 tau)``.

    Q is the tau-quantile of a Laplace distribution with the layer's mean magnitude; weights beyond it ("dead weights",
    whose sign hardly changes any more) are moved to it. Signs stay; the gradient is 0 outside of the clamp. Q has no
    gradient.

    Source: ReCU (arXiv 2103.12369); z-hXu/ReCU, binarized_modules.py (eps 1e-5).
    """
    wide = 2 * math.sqrt(2) * standardized(weight, 1e-5)
    bound = -_layer_mean(wide.detach().abs()) * math.log(2 - 2 * tau)
    return torch.minimum(torch.maximum(wide, -bound), bound)


class LatentForm(nn.Module):
    """A form of latent weights. Subclasses with state override what they need.

    Attributes:
        progress: share of the stage's epochs that is done.
    """

    def __init__(self) -> None:
        super().__init__()
        self.progress = 0.0

    def forward(self, weight: Tensor, magnitudes: Tensor) -> Tensor:
        """The form of ``(..., C_out)`` weights, of whose channels ``magnitudes`` ``(C_out,)`` are the scales."""
        raise NotImplementedError


class Centred(LatentForm):
    """See ``centred``."""

    def forward(self, weight: Tensor, magnitudes: Tensor) -> Tensor:
        """See the base class."""
        return centred(weight)


class Standardized(LatentForm):
    """See ``standardized``."""

    def forward(self, weight: Tensor, magnitudes: Tensor) -> Tensor:
        """See the base class."""
        return standardized(weight)


class Rectified(LatentForm):
    """ReCU, see ``rectified_clamp``; tau follows the progress."""

    def forward(self, weight: Tensor, magnitudes: Tensor) -> Tensor:
        """See the base class."""
        return rectified_clamp(weight, recu_tau(self.progress))


class Recurrent(LatentForm):
    """``W - u_o d_o G`` while training, W itself otherwise: RBONN's recurrent bilinear step.

    G is the gradient of W (through its sign) in the step before, 0 in the first one. u is learned, 0.2 at first.
    ``d_o`` is 1 for the 40 % of the channels with the smallest scale and 0 elsewhere: they learn slowly, so they are
    drawn back along their gradient (the density-ReLU).

    Args:
        shape: of the weights, ``(..., C_out)``.

    Attributes:
        gradient: G, a buffer: a stage that goes on from a checkpoint goes on with it.

    Source: RBONN (arXiv 2209.01542); SteveTsui/RBONN, rbonn.py, which takes the positions of a sort for the ranks of
    the channels; here the ranks are taken, as its paper says.
    """

    gradient: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.u = nn.Parameter(torch.full((shape[-1],), RECURRENT_INIT))
        self.register_buffer("gradient", torch.zeros(shape))

    def forward(self, weight: Tensor, magnitudes: Tensor) -> Tensor:
        """See the base class."""
        if not self.training:
            return weight
        stored = self.gradient.clone()  # the backward pass overwrites the buffer, which u's gradient is made of
        return _recorded(weight, self.gradient) - self.u * drawn_back(magnitudes) * stored


def drawn_back(magnitudes: Tensor) -> Tensor:
    """``(C,)``: 1 for the ``floor(0.4 C)`` channels with the smallest magnitude, 0 for the others; no gradient."""
    count = int(RECURRENT_SHARE * len(magnitudes))
    marks = torch.zeros_like(magnitudes, requires_grad=False)
    marks[magnitudes.detach().abs().argsort(stable=True)[:count]] = 1
    return marks


class _Recorded(Function):
    @staticmethod
    def forward(ctx: Any, weight: Tensor, memory: Tensor) -> Tensor:
        ctx.memory = memory
        return weight.view_as(weight)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        ctx.memory.copy_(grads[0])
        return grads[0], None


def _recorded(weight: Tensor, memory: Tensor) -> Tensor:
    """The weight; its gradient is left in ``memory`` as well."""
    return _Recorded.apply(weight, memory)


def _stateless(form: Callable[[], LatentForm]) -> Callable[[tuple[int, ...]], LatentForm]:
    return lambda shape: form()


WEIGHT_FORMS: dict[WeightForm, Callable[[tuple[int, ...]], LatentForm] | None] = {
    "latent": None,
    "centred": _stateless(Centred),
    "standardized": _stateless(Standardized),
    "rectified": _stateless(Rectified),
    "recurrent": Recurrent,
}
"""By name, made for weights of a shape; None is the latent weight itself."""
