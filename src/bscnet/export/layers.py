"""Single layers of a network as instructions: convolutions, and what acts on each channel by itself."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from bscnet.errors import InputError
from bscnet.export.affine import array, norm_affine
from bscnet.export.builder import Builder, pack_signs
from bscnet.export.program import Geometry, Step
from bscnet.nn import (
    Float16Rounding,
    QuantizedConv,
    RPReLU,
    ShiftedSparseConv3d,
    SiteNorm,
    SparseConv3d,
    StridedConv3d,
    TransposedConv3d,
)
from bscnet.quantizers import RSign, SignQuantizer, WeightQuantizer
from bscnet.sparse.offsets import Shift


class LayerCompiler:
    """Compiles the layers of one network into a builder.

    Args:
        builder: gets the instructions.
        network: whose layers are compiled; errors name them by their path in it.
        half: store the real weights as float16.
    """

    def __init__(self, builder: Builder, network: nn.Module, half: bool) -> None:
        self.builder = builder
        self.half = half
        self._names = {module: name for name, module in network.named_modules()}

    def elementwise(self, module: nn.Module, channels: int) -> list[Step]:
        """The steps of a norm, an activation, or several in a row.

        Raises:
            InputError: a module that no step stands for.
        """
        if isinstance(module, nn.Identity):
            return []
        if isinstance(module, nn.Sequential):
            return [step for part in module for step in self.elementwise(part, channels)]
        if isinstance(module, SiteNorm):
            return [Step("affine", norm_affine(module, self.name(module)))]
        if isinstance(module, nn.ReLU):
            return [Step("relu")]
        if isinstance(module, nn.PReLU):
            return [Step("prelu", (np.broadcast_to(array(module.weight), (channels,)).copy(),))]
        if isinstance(module, RPReLU):
            return [Step("rprelu", (array(module.gamma), array(module.slope), array(module.zeta)))]
        if isinstance(module, Float16Rounding):
            return [Step("float16")]
        if isinstance(module, nn.Hardtanh) and (module.min_val, module.max_val) == (-1.0, 1.0):
            return [Step("hardtanh")]
        raise InputError(f"{self.name(module)} is a {type(module).__name__}, which cannot be exported")

    def conv(self, module: nn.Module, source: int, before: list[Step], steps: list[Step]) -> int:
        """``steps(conv(before(source)))``; the real value it gives.

        Raises:
            InputError: a convolution or a quantizer that cannot be exported, or a mixed precision.
        """
        if not isinstance(module, QuantizedConv):
            raise InputError(f"{self.name(module)} is a {type(module).__name__}, which cannot be exported")
        geometry, shifts = self._geometry(module)
        if module.output_factor is not None:
            raise InputError(
                f"{self.name(module)} {module.output_factor.refusal}, and the engine has one factor a channel: "
                "train without it to export"
            )
        signs, weights = module.input_quantizer, module.weight_quantizer
        if (signs is None) != (weights is None):
            raise InputError(
                f"{self.name(module)} has 1-bit operands on one side only (a1w32); export the stage whose precision "
                "is a1w1, or a real-valued one (a32w32)"
            )
        if signs is None or weights is None:
            value = self.builder.map(source, before)
            return self.builder.conv(geometry, value, self.real(module.weight, module), None, shifts, steps)
        for quantizer, kind in ((signs, SignQuantizer), (weights, WeightQuantizer)):
            if not isinstance(quantizer, kind):
                raise InputError(f"{self.name(module)} has a {type(quantizer).__name__}, which cannot be exported")
        offset = [Step("bias", (array(signs.bias),))] if isinstance(signs, RSign) else []
        value = self.builder.sign(source, [*before, *offset])
        with torch.no_grad():
            sign, scale = weights(module.weight)
        packed = pack_signs(sign.cpu().numpy() > 0)
        return self.builder.conv(geometry, value, packed, array(scale), shifts, steps)

    def linear(self, module: nn.Linear, source: int, before: list[Step], steps: list[Step]) -> int:
        """``steps(linear(before(source)))`` as a real pointwise convolution."""
        bias = [] if module.bias is None else [Step("bias", (array(module.bias),))]
        weight = self.real(module.weight.t()[None], module)
        return self.builder.conv("pointwise", self.builder.map(source, before), weight, steps=[*bias, *steps])

    def real(self, weight: torch.Tensor, module: nn.Module) -> np.ndarray:
        """A real weight as the file stores it.

        Raises:
            InputError: it does not fit float16 and ``half`` is on.
        """
        if not self.half:
            return array(weight)
        with np.errstate(over="ignore"):
            stored = array(weight).astype(np.float16)
        if not np.isfinite(stored).all():
            raise InputError(f"{self.name(module)} has weights beyond float16's range: export without half")
        return stored

    def name(self, module: nn.Module) -> str:
        """The module's path in the network."""
        return self._names.get(module) or "the network"

    def _geometry(self, module: QuantizedConv) -> tuple[Geometry, tuple[Shift, ...]]:
        plain: tuple[Shift, ...] = ((0, 0, 0),)
        if isinstance(module, ShiftedSparseConv3d):
            shifted = any(any(shift) for shift in module.shift_tuple)
            return "submanifold", module.shift_tuple if shifted else plain
        if isinstance(module, TransposedConv3d):  # before its base class
            return "transposed", plain
        if isinstance(module, StridedConv3d):
            return "strided", plain
        if isinstance(module, SparseConv3d) and module.kernel_size in (1, 3):
            return ("pointwise" if module.kernel_size == 1 else "submanifold"), plain
        raise InputError(
            f"{self.name(module)} is a {type(module).__name__}, which cannot be exported: "
            "of a method that searches, export the stage after the search"
        )


def float16_weights(network: nn.Module) -> list[torch.Tensor]:
    """The real weights that a file with ``half`` stores as float16."""
    return [
        module.weight
        for module in network.modules()
        if isinstance(module, nn.Linear) or (isinstance(module, QuantizedConv) and module.weight_quantizer is None)
    ]
