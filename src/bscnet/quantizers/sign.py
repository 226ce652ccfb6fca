"""sign with a surrogate gradient: the pure functions and the activation quantizers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from bscnet.errors import InputError


def sign(z: Tensor) -> Tensor:
    """+1 where ``z >= 0``, -1 elsewhere; never 0 (XNOR-Net, arXiv 1603.05279)."""
    return torch.where(z >= 0, 1.0, -1.0).to(z.dtype)


def clip_gradient(z: Tensor) -> Tensor:
    """Straight-through gradient with clipping: ``1[|z| <= 1]`` (BNN, arXiv 1602.02830)."""
    return (z.abs() <= 1).to(z.dtype)


def approx_gradient(z: Tensor) -> Tensor:
    """Gradient of ApproxSign: ``2 + 2z`` on [-1, 0), ``2 - 2z`` on [0, 1), else 0 (Bi-Real Net, arXiv 1808.00278)."""
    return (2 - 2 * z.abs()).clamp_min(0)


ESTIMATORS: dict[str, Callable[[Tensor], Tensor]] = {"clip": clip_gradient, "approx": approx_gradient}


class _Sign(Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, gradient: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.save_for_backward(z)
        ctx.gradient = gradient
        return sign(z)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (z,) = ctx.saved_tensors
        return grads[0] * ctx.gradient(z), None


def sign_ste(z: Tensor, estimator: str) -> Tensor:
    """``sign(z)`` forward, ``grad * estimator(z)`` backward.

    Raises:
        InputError: unknown estimator.
    """
    return _Sign.apply(z, _gradient(estimator))


def _gradient(estimator: str) -> Callable[[Tensor], Tensor]:
    if estimator not in ESTIMATORS:
        raise InputError(f"ste_act is {estimator!r}; allowed are {', '.join(ESTIMATORS)}")
    return ESTIMATORS[estimator]


class SignQuantizer(nn.Module):
    """1-bit activations: ``sign(z)``.

    Args:
        estimator: name of the surrogate gradient, ``approx`` or ``clip``.
    """

    precision = 1

    def __init__(self, estimator: str = "approx") -> None:
        super().__init__()
        _gradient(estimator)  # refuses an unknown name now and not in the first step
        self.estimator = estimator

    def forward(self, z: Tensor) -> Tensor:
        """Quantize ``(N, C)`` features."""
        return sign_ste(z, self.estimator)

    def extra_repr(self) -> str:
        """The estimator's name."""
        return f"estimator={self.estimator!r}"


class RSign(SignQuantizer):
    """1-bit activations with a learned threshold a channel: ``sign(z + b_c)`` (ReActNet, arXiv 2003.03488).

    Args:
        channels: number of channels C.
        estimator: as in ``SignQuantizer``.
    """

    def __init__(self, channels: int, estimator: str = "approx") -> None:
        super().__init__(estimator)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, z: Tensor) -> Tensor:
        """Quantize ``(N, C)`` features."""
        return super().forward(z + self.bias)
