"""What quantizers ask of training: the stage's progress, a first batch, a term of the loss.

All three are optional: a quantizer has `set_progress` where its gradient or its form changes in a stage, `calibrate`
where an initial value depends on data, `penalty` where it adds to the loss.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from bscnet.nn.conv import QuantizedConv
from bscnet.quantizers import WeightQuantizer
from bscnet.sparse import SparseTensor


def set_progress(network: nn.Module, progress: float) -> None:
    """Tell every quantizer which share of the stage's epochs is done, 0 to 1.

    Examples:
        >>> from bscnet.nn import SparseConv3d, set_progress
        >>> from bscnet.quantizers import SignQuantizer
        >>> conv = SparseConv3d(3, 8, input_quantizer=SignQuantizer("ede"))
        >>> set_progress(conv, 0.5)
        >>> conv.input_quantizer.progress
        0.5
    """
    for conv in _convolutions(network):
        for quantizer in (conv.input_quantizer, conv.weight_quantizer):
            hook = getattr(quantizer, "set_progress", None)
            if hook is not None:
                hook(progress)


def penalty(network: nn.Module) -> Tensor | None:
    """What the weight quantizers add to the loss, a number; None where none of them does.

    Examples:
        >>> import torch
        >>> from bscnet.nn import SparseConv3d, penalty
        >>> from bscnet.quantizers import WeightQuantizer
        >>> penalty(SparseConv3d(3, 8, weight_quantizer=WeightQuantizer(8))) is None
        True
        >>> pulled = WeightQuantizer(8, penalty="bilinear", penalty_weight=0.1)
        >>> penalty(SparseConv3d(3, 8, weight_quantizer=pulled)).ndim
        0
    """
    terms = [
        conv.weight_quantizer.penalty(conv.weight)
        for conv in _convolutions(network)
        if isinstance(conv.weight_quantizer, WeightQuantizer) and conv.weight_quantizer.has_penalty
    ]
    return torch.stack(terms).sum() if terms else None


@torch.no_grad()
def calibrate(network: nn.Module, forward: Callable[[], object]) -> list[nn.Parameter]:
    """Set the initial values that depend on data, layer by layer in one forward pass; statistics stay as they were.

    A layer's value is set before the layer runs, so the next one sees what it gives.

    Args:
        network: whose quantizers are calibrated; those that are already, or have nothing to calibrate, are left alone.
        forward: runs the network on the first batch, in training mode.

    Returns:
        the parameters of the scales that were set.

    Examples:
        >>> import torch
        >>> from bscnet.nn import SparseConv3d, calibrate
        >>> from bscnet.quantizers import WeightQuantizer
        >>> from bscnet.sparse import SparseTensor
        >>> x = SparseTensor(torch.ones(2, 3), torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]]))
        >>> quantizer = WeightQuantizer(8, scale="learned_from_mean_abs")
        >>> network = torch.nn.Sequential(SparseConv3d(3, 8, weight_quantizer=quantizer))
        >>> [tuple(scale.shape) for scale in calibrate(network, lambda: network(x))]
        [(8,)]
    """
    waiting = {
        conv: conv.weight_quantizer.scale
        for conv in _convolutions(network)
        if isinstance(conv.weight_quantizer, WeightQuantizer) and conv.weight_quantizer.scale.needs_calibration
    }
    if not waiting:
        return []
    ours = {buffer for scale in waiting.values() for buffer in scale.buffers()}
    kept = {buffer: buffer.clone() for buffer in network.buffers() if buffer not in ours}
    hooks = [conv.register_forward_pre_hook(_calibrate_conv) for conv in waiting]
    try:
        forward()
    finally:
        for hook in hooks:
            hook.remove()
        for buffer, value in kept.items():
            buffer.copy_(value)
    return [parameter for scale in waiting.values() for parameter in scale.parameters()]


def _calibrate_conv(conv: nn.Module, inputs: tuple[Any, ...]) -> None:
    assert isinstance(conv, QuantizedConv) and isinstance(conv.weight_quantizer, WeightQuantizer)
    x: SparseTensor = inputs[0]
    fine = inputs[1] if len(inputs) > 1 else None

    def respond(binary: bool, weight: Tensor) -> Tensor:
        feats = x.feats if not binary or conv.input_quantizer is None else conv.input_quantizer(x.feats)
        return conv.apply_kernel(x, feats, weight, fine).feats

    conv.weight_quantizer.calibrate(conv.weight, respond)


def _convolutions(network: nn.Module) -> list[QuantizedConv]:
    return [module for module in network.modules() if isinstance(module, QuantizedConv)]
