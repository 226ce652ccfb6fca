"""The cost of one layer from what it is and how many pairs its sites have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bscnet.cost.counts import LevelCounts
from bscnet.cost.trace import TracedLayer

BOPS_PER_OP = 64
"""Binary operations that count as one operation: a 64-bit word holds so many."""

_CENTRE = (0, 0, 0)


@dataclass(frozen=True)
class LayerCost:
    """Cost of a layer for one scene (or the mean of several).

    Attributes:
        name, kind, level, in_channels, out_channels, precision: see `TracedLayer`.
        params_real, params_1bit: weights of 32 and of 1 bit.
        params_aux: batch norm, activations, scales, thresholds and search logits.
        sites: output sites.
        pairs: pairs that are read, mean over output channels (the groups of a shifted layer differ).
        macs_nominal: multiply-accumulates with the plain window instead of the shifted or composite one.
        macs_executed: multiply-accumulates of the true windows.
        flops: executed MACs of which at least one operand is real (a1w32 counts here).
        bops: executed MACs of which both operands are 1-bit.
        ops: flops + bops / 64.
        elementwise: additions and multiplications beside the sums (batch norm, activation, scale, shortcut, bias).
        bytes: (32 params_real + params_1bit) / 8; `aux_bytes`: 4 params_aux.
    """

    name: str
    kind: str
    level: int
    in_channels: int
    out_channels: int
    precision: str
    params_real: int
    params_1bit: int
    params_aux: int
    sites: float
    pairs: float
    macs_nominal: float
    macs_executed: float
    flops: float
    bops: float
    ops: float
    elementwise: float
    bytes: float
    aux_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def operations(flops: float, bops: float) -> float:
    """OPs = FLOPs + BOPs / 64 (the convention of Bi-Real Net and ReActNet)."""
    return flops + bops / BOPS_PER_OP


def executed_pairs(layer: TracedLayer, levels: Sequence[LevelCounts]) -> float:
    """Pairs that the layer reads, mean over its output channels; 0 for an element-wise layer."""
    here = levels[layer.level]
    if layer.kind == "sfsc":
        total = sum(here.window_pairs(shift) * channels for shift, channels in layer.groups)
        return total / layer.out_channels
    if layer.kind == "composite":
        return here.all_pairs
    return nominal_pairs(layer, levels)


def nominal_pairs(layer: TracedLayer, levels: Sequence[LevelCounts]) -> float:
    """Pairs that the layer would read were its kernel centred on the site; 0 for an element-wise layer."""
    here = levels[layer.level]
    if layer.kind in ("ssc", "sfsc", "composite"):
        return here.window_pairs(_CENTRE)
    if layer.kind == "ssc5":
        return here.all_pairs
    if layer.kind == "down":
        return levels[layer.from_level].sites  # every finer site has one parent
    if layer.kind in ("up", "pointwise", "linear"):
        return here.sites
    return 0.0


def layer_cost(layer: TracedLayer, levels: Sequence[LevelCounts]) -> LayerCost:
    """Cost of a layer on a scene with these counts (one entry a level)."""
    width = layer.in_channels * layer.out_channels
    pairs = executed_pairs(layer, levels)
    executed = pairs * width
    binary = layer.precision == "1-bit"
    flops, bops = (0.0, executed) if binary else (executed, 0.0)
    counted = levels[layer.from_level if layer.kind == "pool" else layer.level]
    return LayerCost(
        name=layer.name,
        kind=layer.kind,
        level=layer.level,
        in_channels=layer.in_channels,
        out_channels=layer.out_channels,
        precision=layer.precision,
        params_real=layer.params.real,
        params_1bit=layer.params.one_bit,
        params_aux=layer.params.aux,
        sites=levels[layer.level].sites,
        pairs=pairs,
        macs_nominal=nominal_pairs(layer, levels) * width,
        macs_executed=executed,
        flops=flops,
        bops=bops,
        ops=operations(flops, bops),
        elementwise=layer.elementwise * counted.sites,
        bytes=layer.params.weight_bytes,
        aux_bytes=4 * layer.params.aux,
    )
