"""Surrogate gradients of the sign: pure functions of its argument and, some of them, of the stage's progress.

Each gives the factor that the sign's backward pass multiplies the incoming gradient by. Progress p is the share of the
stage's epochs that is done, in [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from bscnet.settings.words import Estimator, chosen

SWISH_BETA = 5.0
FOURIER_OMEGA = 0.1


def clip_gradient(z: Tensor) -> Tensor:
    """Straight-through gradient with clipping: ``1[|z| <= 1]`` (BNN, arXiv 1602.02830).

    Examples:
        >>> import torch
        >>> from bscnet.quantizers import clip_gradient
        >>> clip_gradient(torch.tensor([-2.0, -0.5, 1.0])).tolist()
        [0.0, 1.0, 1.0]
    """
    return (z.abs() <= 1).to(z.dtype)


def approx_gradient(z: Tensor) -> Tensor:
    """Gradient of ApproxSign: ``2 + 2z`` on [-1, 0), ``2 - 2z`` on [0, 1), else 0 (Bi-Real Net, arXiv 1808.00278).

    Examples:
        >>> import torch
        >>> from bscnet.quantizers import approx_gradient
        >>> approx_gradient(torch.tensor([-2.0, -0.5, 0.0, 0.5])).tolist()
        [0.0, 1.0, 2.0, 1.0]
    """
    return (2 - 2 * z.abs()).clamp_min(0)


def identity_gradient(z: Tensor) -> Tensor:
    """Straight-through gradient without clipping: 1 (ReCU's and RBONN's weights)."""
    return torch.ones_like(z)


def sign_swish_gradient(z: Tensor) -> Tensor:
    """``beta (2 - beta z tanh(beta z / 2)) / (1 + cosh(beta z))``, beta = 5: negative where |beta z| > 2.4.

    The derivative of SignSwish, ``2 sigmoid(beta z) (1 + beta z (1 - sigmoid(beta z))) - 1``.

    Source: BNN+ (arXiv 1812.11800); SwishSign of larq.
    """
    x = SWISH_BETA * z
    return SWISH_BETA * (2 - x * (x / 2).tanh()) / (1 + x.cosh())


def ede_gradient(z: Tensor, progress: float) -> Tensor:
    """``k t (1 - tanh(t z)^2)`` with ``t = 0.1 * 100^p`` and ``k = max(1 / t, 1)``.

    The error decay estimator: the derivative of ``k tanh(t z)``, near the identity at first and near the sign at last.

    Source: IR-Net (arXiv 1909.10788); htqin/IR-Net, ir_1w1a.py and its trainer.
    """
    t = 0.1 * 100.0**progress
    return max(1 / t, 1.0) * t * (1 - (t * z).tanh().square())


def fourier_gradient(z: Tensor, progress: float) -> Tensor:
    """``1[|z| <= 1] (4 omega / pi) sum_{i=0}^{n} cos((2i + 1) omega z)`` with omega = 0.1, ``n = 9 + floor(9 p)``.

    The derivative of the first terms of the square wave's sine series: 10 terms at first, 19 at p = 1.

    Source: FDA-BNN ("Learning Frequency Domain Approximation for Binary Neural Networks", NeurIPS 2021, arXiv
    2103.00841); htqin/BiBench, fda.py.
    """
    terms = 10 + int(9 * progress)
    total = torch.zeros_like(z)
    for i in range(terms):
        total += ((2 * i + 1) * FOURIER_OMEGA * z).cos()
    return (4 * FOURIER_OMEGA / math.pi) * total * clip_gradient(z)


def _still(gradient: Callable[[Tensor], Tensor]) -> Callable[[Tensor, float], Tensor]:
    """A gradient that does not change in a stage."""
    return lambda z, progress: gradient(z)


ESTIMATORS: dict[Estimator, Callable[[Tensor, float], Tensor]] = {
    "clip": _still(clip_gradient),
    "approx": _still(approx_gradient),
    "identity": _still(identity_gradient),
    "ede": ede_gradient,
    "sign_swish": _still(sign_swish_gradient),
    "fourier": fourier_gradient,
}


def gradient_of(estimator: Estimator, switch: str) -> Callable[[Tensor, float], Tensor]:
    """The gradient of this name.

    Raises:
        InputError: there is none; the sentence names ``switch``.
    """
    return chosen(ESTIMATORS, estimator, switch)
