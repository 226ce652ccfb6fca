"""1-bit weights: the sign and, apart from it, the scale of each output channel."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bscnet.errors import InputError
from bscnet.quantizers.sign import sign_ste

WEIGHT_SCALES = ("mean_abs", "learned")


def mean_abs_scale(weight: Tensor) -> Tensor:
    """``alpha_o = mean_{k,i} |W_{k,i,o}|`` (XNOR-Net, arXiv 1603.05279).

    Args:
        weight: ``(..., C_out)`` latent weights.

    Returns:
        ``(C_out,)`` scales, without gradient.
    """
    return weight.detach().abs().flatten(0, -2).mean(0)


class MeanAbsScale(nn.Module):
    """The scale is the mean magnitude of a channel's latent weights, see ``mean_abs_scale``."""

    def forward(self, weight: Tensor) -> Tensor:
        """``(C_out,)`` scales of ``(..., C_out)`` latent weights."""
        return mean_abs_scale(weight)


class LearnedScale(nn.Module):
    """One learned scale an output channel, initially 1 (XNOR-Net++, arXiv 1909.13863, its per-channel factor)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.ones(channels))

    def forward(self, weight: Tensor) -> Tensor:
        """``(C_out,)`` scales; the weights are not looked at."""
        return self.value


class WeightQuantizer(nn.Module):
    """``W -> (sign(W), scale)``; gradient of the sign: ``1[|W| <= 1]``.

    The scale is applied to the convolution's output, so the convolution itself sees integers only.

    Args:
        channels: output channels.
        scale: ``mean_abs`` or ``learned``.

    Raises:
        InputError: unknown scale.
    """

    precision = 1

    def __init__(self, channels: int, scale: str = "mean_abs") -> None:
        super().__init__()
        if scale not in WEIGHT_SCALES:
            raise InputError(f"w_scale is {scale!r}; allowed are {', '.join(WEIGHT_SCALES)}")
        self.scale: nn.Module = MeanAbsScale() if scale == "mean_abs" else LearnedScale(channels)

    def forward(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Signs of the shape of ``weight`` and ``(C_out,)`` scales."""
        return sign_ste(weight, "clip"), self.scale(weight)
