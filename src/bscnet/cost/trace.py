"""Which layers a network runs, in which order, at which level: found by running it once with forward hooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bscnet.cost.parameters import ParameterCounts, module_parameters
from bscnet.models.blocks import ResidualUnit
from bscnet.models.fcn import FCNLevel
from bscnet.nn import (
    AvgPool,
    CompositeShiftConv3d,
    MaxPool,
    QuantizedConv,
    RPReLU,
    ShiftedSparseConv3d,
    SiteNorm,
    SparseConv3d,
    StridedConv3d,
    TransposedConv3d,
)
from bscnet.sparse import SparseTensor
from bscnet.sparse.offsets import Shift, group_sizes

MAX_LEVELS = 10

_CUBES = {1: "pointwise", 3: "ssc", 5: "ssc5"}
_ELEMENTWISE: tuple[tuple[tuple[type[nn.Module], ...], str, int], ...] = (
    ((SiteNorm,), "norm", 2),
    ((RPReLU,), "act", 3),
    ((nn.PReLU, nn.ReLU, nn.Hardtanh), "act", 1),
    ((AvgPool, MaxPool), "pool", 1),
)


@dataclass(frozen=True)
class TracedLayer:
    """One layer as it ran.

    Attributes:
        name: module path.
        kind: ssc, sfsc, composite, pointwise (1x1), down, up, linear; norm, act, pool, add (element-wise).
        level: of its output sites; `from_level`: of its input sites.
        in_channels, out_channels: of its features.
        precision: real, a1w32, a32w1 or 1-bit (operands of the multiplications).
        groups: for sfsc (matching position, output channels) of every group, else empty.
        elementwise: additions and multiplications per value outside the weighted sums, per site of `from_level` for
            pooling, of `level` for everything else.
        params: what it holds.
    """

    name: str
    kind: str
    level: int
    from_level: int
    in_channels: int
    out_channels: int
    precision: str
    groups: tuple[tuple[Shift, int], ...]
    elementwise: int
    params: ParameterCounts


def trace_layers(network: nn.Module, in_channels: int) -> list[TracedLayer]:
    """The layers in the order in which they ran. What they are does not depend on the scene, so a line of
    2**MAX_LEVELS sites serves: its number of sites halves from level to level and thereby tells the level.

    Raises:
        ValueError: the network has more than MAX_LEVELS levels.
    """
    length = 2**MAX_LEVELS
    coords = torch.zeros(length, 4, dtype=torch.int32)
    coords[:, 1] = torch.arange(length, dtype=torch.int32)
    reference = next(network.parameters())
    feats = torch.zeros(length, in_channels, dtype=reference.dtype)
    found: list[TracedLayer] = []

    def level_of(value: SparseTensor | Tensor) -> int:
        rows = len(value.feats if isinstance(value, SparseTensor) else value)
        level = MAX_LEVELS + 1 - rows.bit_length()
        if rows == 1 or rows << level != length:
            raise ValueError(f"a layer ran on {rows} sites of a line of {length}: more than {MAX_LEVELS} levels")
        return level

    def hook_for(name: str) -> Any:
        def hook(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            layer = _describe(
                name, module, level_of(inputs[0]), level_of(output), _channels(inputs[0]), _channels(output)
            )
            if layer is not None:
                found.append(layer)

        return hook

    inside = {id(m) for conv in network.modules() if isinstance(conv, QuantizedConv) for m in conv.modules()}
    hooks = [
        module.register_forward_hook(hook_for(name))
        for name, module in network.named_modules()
        if isinstance(module, QuantizedConv) or id(module) not in inside
    ]
    was_training, device = network.training, reference.device
    try:
        network.eval()
        with torch.no_grad():
            network(SparseTensor(feats.to(device), coords.to(device), backend="torch"))
    finally:
        network.train(was_training)
        for handle in hooks:
            handle.remove()
    return found


def _channels(value: SparseTensor | Tensor) -> int:
    return int((value.feats if isinstance(value, SparseTensor) else value).shape[1])


def _describe(name: str, module: nn.Module, from_level: int, level: int, c_in: int, c_out: int) -> TracedLayer | None:
    params = module_parameters(module)
    kind, precision, elementwise = None, "real", 0
    groups: tuple[tuple[Shift, int], ...] = ()
    if isinstance(module, QuantizedConv):
        kind, precision = _conv_kind(module), _precision(module)
        if isinstance(module, ShiftedSparseConv3d):
            shifts = module.shift_tuple
            groups = tuple(zip(shifts, group_sizes(c_out, len(shifts)), strict=True))
        elementwise = (c_out if module.weight_quantizer is not None else 0) + (
            c_in if params is not None and params.threshold else 0
        )
        if module.output_factor is not None:
            elementwise += c_in + c_out
    elif isinstance(module, nn.Linear):
        kind, elementwise = "linear", c_out if module.bias is not None else 0
    elif _adds(module):
        kind, elementwise = "add", c_out
    else:
        for classes, word, per_value in _ELEMENTWISE:
            if isinstance(module, classes):
                kind, elementwise = word, per_value * c_out
                break
    if kind is None:
        if params is not None:
            raise TypeError(f"{name} is a {type(module).__name__}, a kind of layer that the cost model does not know")
        return None
    counts = params or ParameterCounts()
    return TracedLayer(name, kind, level, from_level, c_in, c_out, precision, groups, elementwise, counts)


def _conv_kind(module: QuantizedConv) -> str:
    if isinstance(module, ShiftedSparseConv3d):
        return "sfsc"
    if isinstance(module, CompositeShiftConv3d):
        return "composite"
    if isinstance(module, TransposedConv3d):
        return "up"
    if isinstance(module, StridedConv3d):
        return "down"
    if isinstance(module, SparseConv3d):
        return _CUBES[module.kernel_size]
    raise TypeError(f"a {type(module).__name__} is a kind of convolution that the cost model does not know")


def _precision(module: QuantizedConv) -> str:
    binary = module.input_quantizer is not None, module.weight_quantizer is not None
    return {(False, False): "real", (True, False): "a1w32", (False, True): "a32w1", (True, True): "1-bit"}[binary]


def _adds(module: nn.Module) -> bool:
    if isinstance(module, ResidualUnit):
        return module.shortcut is not None
    return isinstance(module, FCNLevel) and module.deeper is not None and module.fcn_up != "unpool_concat"
