"""Which layers of a network are probed, and how their operands are seen while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from torch import Tensor, nn

from bscnet.errors import InputError
from bscnet.models.blocks import ResidualUnit
from bscnet.nn import CompositeShiftConv3d, QuantizedConv, ShiftedSparseConv3d, SparseConv3d
from bscnet.probe.windows import CENTRE
from bscnet.quantizers import RSign, sign
from bscnet.sparse import SparseTensor
from bscnet.sparse.offsets import Shift, group_sizes


class ProbedLayer(NamedTuple):
    """An SSC layer: the 3x3x3 convolution of a residual unit, plain or shifted.

    name: module path. conv: the convolution. shifts: of its groups of output channels, one that is zero where plain.
    """

    name: str
    conv: QuantizedConv
    shifts: tuple[Shift, ...]

    @property
    def is_shifted(self) -> bool:
        """Whether some window is not centred on its site."""
        return any(shift != CENTRE for shift in self.shifts)

    @property
    def is_real(self) -> bool:
        """Whether both of its operands are real."""
        return self.conv.input_quantizer is None and self.conv.weight_quantizer is None

    @property
    def groups(self) -> list[int]:
        """Output channels of each group."""
        return group_sizes(self.conv.out_channels, len(self.shifts))

    def sign_argument(self, feats: Tensor) -> Tensor:
        """h: what the convolution is given, where its sign has learned thresholds with those added."""
        quantizer = self.conv.input_quantizer
        return feats + quantizer.bias if isinstance(quantizer, RSign) else feats

    def weights(self) -> tuple[Tensor, Tensor]:
        """W and sign W, both ``(27, C_in, C_out)``; the signs are those that the network takes where it takes any."""
        weight, quantizer = self.conv.weight.detach(), self.conv.weight_quantizer
        return weight, (sign(weight) if quantizer is None else quantizer(weight)[0].detach())


def probed_layers(network: nn.Module) -> list[ProbedLayer]:
    """The SSC layers of a network in the order of its modules; the first one, which no method binarizes, is none.

    Raises:
        InputError: there is none, a search has not decided yet, or a layer gets what has no sign.
    """
    found = []
    for name, unit in network.named_modules():
        if not isinstance(unit, ResidualUnit):
            continue
        conv, path = unit.conv, f"{name}.conv"
        if isinstance(conv, CompositeShiftConv3d):
            raise InputError(f"{path} is a mixture of shifts: give a stage after the search, which has decided for one")
        if isinstance(conv, ShiftedSparseConv3d):
            layer = ProbedLayer(path, conv, conv.shift_tuple)
        elif isinstance(conv, SparseConv3d) and conv.kernel_size == 3:
            layer = ProbedLayer(path, conv, (CENTRE,))
        else:
            continue
        if isinstance(unit.pre, nn.ReLU):
            raise InputError(
                f"{path} is fed by a ReLU, whose sign is +1 everywhere: a real network of layer_style=bireal has no "
                "features that a sign could stand for"
            )
        found.append(layer)
    if not found:
        raise InputError("the network has no SSC layers, and nothing else is measured")
    return found


@contextmanager
def watched(layers: list[ProbedLayer], see: Callable[[ProbedLayer, SparseTensor], None]) -> Iterator[None]:
    """While it lasts, ``see(layer, x)`` is called with what each layer's convolution is given, in forward order."""

    def hook_for(layer: ProbedLayer) -> Any:
        def hook(module: nn.Module, inputs: tuple[Any, ...]) -> None:
            see(layer, inputs[0])

        return hook

    # A layer with a hook inside is not fused, so that its convolution is given plain features.
    hooks = [layer.conv.register_forward_pre_hook(hook_for(layer)) for layer in layers]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
