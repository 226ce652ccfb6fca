"""Parameters by the number of bits that they are stored with."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from bscnet.nn import CompositeShiftConv3d, QuantizedConv, RPReLU, SiteNorm
from bscnet.quantizers import RSign


@dataclass(frozen=True)
class ParameterCounts:
    """How many numbers a layer holds.

    Attributes:
        real: weights of 32 bits.
        one_bit: weights of 1 bit.
        norm: batch norm's factor and offset (2 a channel; its running statistics fold into them).
        act: slopes and offsets of activations.
        scale: factors of 1-bit weights, one an output channel, whether learned or computed from the latent weights.
        threshold: offsets before the sign of 1-bit activations.
        logits: of the search for shifts; they are gone after it.
    """

    real: int = 0
    one_bit: int = 0
    norm: int = 0
    act: int = 0
    scale: int = 0
    threshold: int = 0
    logits: int = 0

    @property
    def aux(self) -> int:
        """Everything that is no weight, 32 bits each."""
        return self.norm + self.act + self.scale + self.threshold + self.logits

    @property
    def weight_bytes(self) -> float:
        """(32 real + one_bit) / 8."""
        return (32 * self.real + self.one_bit) / 8


def module_parameters(module: nn.Module) -> ParameterCounts | None:
    """Counts of one layer, quantizers included; None for a module that only holds others or has nothing to hold.

    What quantizers hold while they train, and lose after it, is not counted.

    Raises:
        TypeError: a module with parameters of a kind that is not known here.
    """
    if isinstance(module, QuantizedConv):
        weights = module.weight.numel()
        thresholds = module.input_quantizer.bias.numel() if isinstance(module.input_quantizer, RSign) else 0
        binary = module.weight_quantizer is not None
        factor = 0 if module.output_factor is None else sum(p.numel() for p in module.output_factor.parameters())
        return ParameterCounts(
            real=factor + (0 if binary else weights),
            one_bit=weights if binary else 0,
            scale=module.out_channels if binary else 0,
            threshold=thresholds,
            logits=module.alpha.numel() if isinstance(module, CompositeShiftConv3d) else 0,
        )
    own = sum(p.numel() for p in module.parameters(recurse=False))
    if not own:
        return None
    if isinstance(module, nn.Linear):
        return ParameterCounts(real=own)
    if isinstance(module, SiteNorm):
        return ParameterCounts(norm=own)
    if isinstance(module, (nn.PReLU, RPReLU)):
        return ParameterCounts(act=own)
    raise TypeError(f"parameters of a {type(module).__name__} are of no kind that the cost model knows")
