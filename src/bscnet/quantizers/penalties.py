"""Penalties on latent weights that are far from their binary value; sums over a layer's weights."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from bscnet.quantizers.sign import sign
from bscnet.settings.words import WeightPenalty


def manhattan(weight: Tensor, scale: Tensor) -> Tensor:
    """``sum |alpha_o - |W||``: BNN+'s first regularizer (arXiv 1812.11800)."""
    return (scale - weight.abs()).abs().flatten(0, -2).sum(0).sum()


def bilinear(weight: Tensor, scale: Tensor) -> Tensor:
    """``1/2 sum (W - alpha_o sign W)^2``, of which W gets ``W - alpha_o sign W``.

    RBONN's bilinear constraint (arXiv 2209.01542; SteveTsui/RBONN, rbonn.py).
    """
    return (weight - scale * sign(weight.detach())).square().flatten(0, -2).sum(0).sum() / 2


WEIGHT_PENALTIES: dict[WeightPenalty, Callable[[Tensor, Tensor], Tensor] | None] = {
    "none": None,
    "manhattan": manhattan,
    "bilinear": bilinear,
}
