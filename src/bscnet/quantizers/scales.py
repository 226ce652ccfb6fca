"""Scales of 1-bit weights: one factor an output channel, applied to the convolution's output."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from bscnet.quantizers.sign import sign
from bscnet.settings.words import WeightScaling

Response = Callable[[bool, Tensor], Tensor]
"""``respond(binary, weight)``: the convolution of its input, or of its input's signs, with a weight; ``(N, C_out)``."""


def mean_abs_scale(weight: Tensor) -> Tensor:
    """``alpha_o = mean_{k,i} |W_{k,i,o}|`` (XNOR-Net, arXiv 1603.05279).

    Args:
        weight: ``(..., C_out)`` latent weights.

    Returns:
        ``(C_out,)`` scales, without gradient.

    Examples:
        >>> import torch
        >>> from bscnet.quantizers import mean_abs_scale
        >>> mean_abs_scale(torch.tensor([[1.0, -2.0], [3.0, -4.0]])).tolist()
        [2.0, 3.0]
    """
    return weight.detach().abs().flatten(0, -2).mean(0)


class WeightScale(nn.Module):
    """A scale of 1-bit weights.

    A learned one whose initial value depends on the weights or the data is calibrated before the first step, and keeps
    in a buffer that it was.
    """

    @property
    def needs_calibration(self) -> bool:
        """Whether its initial value is still to be set by `calibrate`."""
        return False

    def forward(self, weight: Tensor, form: Tensor) -> Tensor:
        """``(C_out,)`` scales of ``(..., C_out)`` latent weights; ``form`` is what their sign is taken of."""
        raise NotImplementedError

    def calibrate(self, weight: Tensor, form: Tensor, respond: Response) -> None:
        """Set the initial value. Only where it needs to be."""
        raise NotImplementedError


class NoScale(WeightScale):
    """1 for every channel (BNN, arXiv 1602.02830; BiBench, bnn.py)."""

    def forward(self, weight: Tensor, form: Tensor) -> Tensor:
        """See the base class."""
        return weight.new_ones(weight.shape[-1])


class MeanAbsScale(WeightScale):
    """The mean magnitude of a channel's latent weights, see ``mean_abs_scale``; no gradient (Bi-Real Net, ReActNet).

    Examples:
        >>> import torch
        >>> from bscnet.quantizers import MeanAbsScale
        >>> weight = torch.tensor([[1.0, -2.0], [3.0, -4.0]])
        >>> MeanAbsScale()(weight, weight).tolist()
        [2.0, 3.0]
    """

    def forward(self, weight: Tensor, form: Tensor) -> Tensor:
        """See the base class."""
        return mean_abs_scale(weight)


class MeanAbsWithGradient(WeightScale):
    """``mean_abs_scale`` with its gradient.

    The gradient of a latent weight W under ``alpha sign(W)`` is then ``alpha 1[|W| <= 1] g + sign(W) mean(g sign(W))``,
    g the gradient of the binary weight and the mean over the n weights of the channel: XNOR-Net's rule.

    Source: XNOR-Net (arXiv 1603.05279); jiecaoyu/XNOR-Net-PyTorch, util.py.
    """

    def forward(self, weight: Tensor, form: Tensor) -> Tensor:
        """See the base class."""
        return weight.abs().flatten(0, -2).mean(0)


class PowerOfTwoScale(WeightScale):
    """``2^round(log2 mean|form|)`` of each channel, without gradient: a shift of bits.

    Source: IR-Net (arXiv 1909.10788); htqin/IR-Net, ir_1w1a.py.
    """

    def forward(self, weight: Tensor, form: Tensor) -> Tensor:
        """See the base class."""
        return torch.exp2(mean_abs_scale(form).log2().round())


class LearnedScale(WeightScale):
    """One learned scale an output channel, initially 1.

    Source: XNOR-Net++ (arXiv 1909.13863), of whose factors those of height and width have no counterpart on sites;
    Real-to-Binary's baseline (larq/zoo, real_to_bin_nets.py).

    Examples:
        >>> import torch
        >>> from bscnet.quantizers import LearnedScale
        >>> weight = torch.randn(27, 4, 2)
        >>> LearnedScale(2)(weight, weight).tolist()
        [1.0, 1.0]
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.ones(channels))

    def forward(self, weight: Tensor, form: Tensor) -> Tensor:
        """See the base class; the weights are not looked at."""
        return self.value


class LearnedFromMeanAbs(LearnedScale):
    """One learned scale an output channel that starts at ``mean_abs_scale`` of the weights the stage starts with.

    Source: BNN+ (arXiv 1812.11800). ReCU and RBONN start at random values, which a batch norm after the convolution
    absorbs; the layers here have none there.
    """

    calibrated: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__(channels)
        self.register_buffer("calibrated", torch.tensor(False))

    @property
    def needs_calibration(self) -> bool:
        """See the base class."""
        return not bool(self.calibrated)

    def calibrate(self, weight: Tensor, form: Tensor, respond: Response) -> None:
        """The mean magnitudes."""
        self.value.data.copy_(mean_abs_scale(weight))
        self.calibrated.fill_(True)


class LayerScale(WeightScale):
    """One learned scale a layer that starts at ``std(conv(x, F)) / std(conv(sign x, sign F))`` over the first batch.

    F is the form of the weights. Where the quotient is not a positive number, ``std(F) / std(sign F)``, and where that
    is none either, 1. Layer-wise scale recovery.

    Source: BiPointNet (arXiv 2010.05501); htqin/BiPointNet, BiLinearLSR.
    """

    calibrated: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.ones(()))
        self.register_buffer("calibrated", torch.tensor(False))

    def forward(self, weight: Tensor, form: Tensor) -> Tensor:
        """See the base class."""
        return self.value.expand(weight.shape[-1]).contiguous()

    @property
    def needs_calibration(self) -> bool:
        """See the base class."""
        return not bool(self.calibrated)

    def calibrate(self, weight: Tensor, form: Tensor, respond: Response) -> None:
        """The quotient of standard deviations."""
        self.calibrated.fill_(True)
        signs = sign(form)
        for real, binary in ((respond(False, form), respond(True, signs)), (form, signs)):
            if real.numel():
                found = float(real.double().std(correction=0) / binary.double().std(correction=0))
                if math.isfinite(found) and found > 0:
                    self.value.data.fill_(found)
                    return


WEIGHT_SCALES: dict[WeightScaling, Callable[[int], WeightScale]] = {
    "mean_abs": lambda channels: MeanAbsScale(),
    "learned": LearnedScale,
    "none": lambda channels: NoScale(),
    "mean_abs_gradient": lambda channels: MeanAbsWithGradient(),
    "learned_from_mean_abs": LearnedFromMeanAbs,
    "layer": lambda channels: LayerScale(),
    "power_of_two": lambda channels: PowerOfTwoScale(),
}
"""By name, made for a number of output channels."""
