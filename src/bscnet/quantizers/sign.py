"""sign with a surrogate gradient: the pure functions and the activation quantizers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from bscnet.quantizers.gradients import gradient_of
from bscnet.quantizers.noise import SignNoise
from bscnet.settings.words import Estimator


def sign(z: Tensor) -> Tensor:
    """+1 where ``z >= 0``, -1 elsewhere; never 0 (XNOR-Net, arXiv 1603.05279).

    Examples:
        >>> import torch
        >>> from bscnet.quantizers import sign
        >>> sign(torch.tensor([-0.5, 0.0, 2.0])).tolist()
        [-1.0, 1.0, 1.0]
    """
    return torch.where(z >= 0, 1.0, -1.0).to(z.dtype)


class _Sign(Function):
    @staticmethod
    def forward(ctx: Any, z: Tensor, gradient: Callable[[Tensor, float], Tensor], progress: float) -> Tensor:
        ctx.save_for_backward(z)
        ctx.gradient, ctx.progress = gradient, progress
        return sign(z)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (z,) = ctx.saved_tensors
        return grads[0] * ctx.gradient(z, ctx.progress), None, None


def sign_ste(z: Tensor, estimator: Estimator, progress: float = 0.0) -> Tensor:
    """``sign(z)`` forward, ``grad * estimator(z)`` backward; ``progress`` is the share of the stage that is done.

    Raises:
        InputError: unknown estimator.

    Examples:
        >>> import torch
        >>> from bscnet.quantizers import sign_ste
        >>> z = torch.tensor([-0.5, 0.25], requires_grad=True)
        >>> sign_ste(z, "approx").sum().backward()
        >>> z.grad.tolist()
        [1.0, 1.5]
    """
    return _Sign.apply(z, gradient_of(estimator, "ste_act"), progress)


class SignQuantizer(nn.Module):
    """1-bit activations: ``sign(z)``.

    Args:
        estimator: name of the surrogate gradient, see ``bscnet.quantizers.gradients``.

    Attributes:
        progress: of the stage, for gradients that change in it.

    Examples:
        >>> import torch
        >>> from bscnet.quantizers import SignQuantizer
        >>> z = torch.tensor([-0.5, 0.5, 2.0], requires_grad=True)
        >>> signs = SignQuantizer("clip")(z)
        >>> signs.tolist()
        [-1.0, 1.0, 1.0]
        >>> signs.sum().backward()
        >>> z.grad.tolist()
        [1.0, 1.0, 0.0]
    """

    precision = 1

    def __init__(self, estimator: Estimator = "approx") -> None:
        super().__init__()
        gradient_of(estimator, "ste_act")  # refuses an unknown name now and not in the first step
        self.estimator = estimator
        self.progress = 0.0

    def set_progress(self, progress: float) -> None:
        """Share of the stage's epochs that is done."""
        self.progress = progress

    @property
    def gives_signs(self) -> bool:
        """Whether what it gives is +-1 and nothing else."""
        return True

    def forward(self, z: Tensor) -> Tensor:
        """Quantize ``(N, C)`` features."""
        return sign_ste(z, self.estimator, self.progress)

    def extra_repr(self) -> str:
        """The estimator's name."""
        return f"estimator={self.estimator!r}"


class RSign(SignQuantizer):
    """1-bit activations with a learned threshold a channel: ``sign(z + b_c)`` (ReActNet, arXiv 2003.03488).

    Args:
        channels: number of channels C.
        estimator: as in ``SignQuantizer``.

    Examples:
        >>> import torch
        >>> from bscnet.quantizers import RSign
        >>> RSign(2)(torch.tensor([[-0.5, 0.0]])).tolist()
        [[-1.0, 1.0]]
    """

    def __init__(self, channels: int, estimator: Estimator = "approx") -> None:
        super().__init__(estimator)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, z: Tensor) -> Tensor:
        """Quantize ``(N, C)`` features."""
        return super().forward(z + self.bias)


class NoisySign(SignQuantizer):
    """1-bit activations of FDA: ``sign(z) + SignNoise(z)``, see there; plain signs outside of training.

    Args:
        channels: number of channels C.
        estimator: as in ``SignQuantizer``.

    Examples:
        >>> import torch
        >>> from bscnet.quantizers import NoisySign
        >>> NoisySign(2).eval()(torch.tensor([[-0.5, 0.0]])).tolist()
        [[-1.0, 1.0]]
    """

    def __init__(self, channels: int, estimator: Estimator = "fourier") -> None:
        super().__init__(estimator)
        self.noise = SignNoise(channels)

    @property
    def gives_signs(self) -> bool:
        """Outside of training."""
        return not self.training

    def set_progress(self, progress: float) -> None:
        """Share of the stage's epochs that is done, which the noise's weight follows too."""
        super().set_progress(progress)
        self.noise.progress = progress

    def forward(self, z: Tensor) -> Tensor:
        """Quantize ``(N, C)`` features."""
        signs = super().forward(z)
        return signs + self.noise(z) if self.training else signs
