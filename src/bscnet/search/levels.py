"""The level of a layer, and search logits that the layers of a level share."""

from __future__ import annotations

from torch import nn

from bscnet.search.discretise import composite_layers


def layer_level(layer: str) -> int:
    """Level of a layer, from its module path: every `deeper` in it is one level down."""
    return layer.split(".").count("deeper")


def share_by_level(network: nn.Module) -> None:
    """Give the composite convolutions of a level, encoder and decoder, the same logits."""
    shared: dict[int, nn.Parameter] = {}
    for name, layer in composite_layers(network).items():
        layer.alpha = shared.setdefault(layer_level(name), layer.alpha)
