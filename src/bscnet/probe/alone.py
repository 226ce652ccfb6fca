"""One layer of a real network with 1-bit operands, all others as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from bscnet.probe.layers import ProbedLayer
from bscnet.quantizers import SignQuantizer, sign


class FittedWeights(nn.Module):
    """Signs of weights and factors that were found beforehand, in the form of a weight quantizer.

    Args:
        factors: ``(C_out,)``.
    """

    gives_signs = True

    def __init__(self, factors: Tensor) -> None:
        super().__init__()
        self.register_buffer("factors", factors)
        self.factors: Tensor

    def forward(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Signs of the shape of ``weight``, and the factors."""
        return sign(weight), self.factors


@contextmanager
def binarized(layer: ProbedLayer, factors: Tensor) -> Iterator[None]:
    """While it lasts, a real layer computes ``factors * conv(sign h; sign W)``."""
    conv = layer.conv
    factors = factors.to(device=conv.weight.device, dtype=conv.weight.dtype)
    conv.input_quantizer, conv.weight_quantizer = SignQuantizer(), FittedWeights(factors)
    try:
        yield
    finally:
        conv.input_quantizer = conv.weight_quantizer = None
