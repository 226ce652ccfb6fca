"""Activations after a binary convolution."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from bscnet.fused import scaled_prelu
from bscnet.settings.words import Activation, chosen
from bscnet.sparse.native.elementwise import native_serves
from bscnet.sparse.products import biased


def prelu(x: Tensor, slope: Tensor) -> Tensor:
    """``x`` where it is positive, else ``slope_c * x``, of ``(N, C)`` features; under autocast torch's own."""
    if native_serves(x) and len(slope) == x.shape[1] and not torch.is_autocast_enabled(x.device.type):
        return scaled_prelu(x, None, slope, None)
    return functional.prelu(x, slope)


class PReLU(nn.PReLU):
    """PReLU with a slope a channel, initially 0.25."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply to ``(N, C)`` features."""
        return prelu(x, self.weight)


class RPReLU(nn.Module):
    """``PReLU_c(x - gamma_c) + zeta_c`` (ReActNet, arXiv 2003.03488).

    Examples:
        >>> import torch
        >>> from bscnet.nn import RPReLU
        >>> RPReLU(2)(torch.tensor([[-1.0, 2.0]])).tolist()
        [[-0.25, 2.0]]
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(channels))
        self.zeta = nn.Parameter(torch.zeros(channels))
        self.slope = nn.Parameter(torch.full((channels,), 0.25))

    def forward(self, x: Tensor) -> Tensor:
        """Apply to ``(N, C)`` features."""
        return biased(prelu(biased(x, -self.gamma), self.slope), self.zeta)


def _hardtanh(channels: int) -> nn.Module:
    return nn.Hardtanh()


ACTIVATIONS: dict[Activation, Callable[[int], nn.Module]] = {"prelu": PReLU, "rprelu": RPReLU, "hardtanh": _hardtanh}


def make_activation(name: Activation, channels: int) -> nn.Module:
    """The activation called ``name`` for this many channels.

    Raises:
        InputError: unknown name.

    Examples:
        >>> from bscnet.nn import make_activation
        >>> make_activation("prelu", 8)
        PReLU(num_parameters=8)
    """
    return chosen(ACTIVATIONS, name, "act")(channels)
