"""The level of a layer, and search logits that the layers of a level share."""

from __future__ import annotations

from torch import nn

from bscnet.search.discretise import composite_layers


def layer_level(layer: str) -> int:
    """Level of a layer, from its module path: every `deeper` in it is one level down.

    Examples:
        >>> from bscnet.search import layer_level
        >>> layer_level("body.deeper.deeper.encoder.0")
        2
    """
    return layer.split(".").count("deeper")


def share_by_level(network: nn.Module) -> None:
    """Give the composite convolutions of a level, encoder and decoder, the same logits.

    Examples:
        >>> import torch
        >>> from bscnet.nn import CompositeShiftConv3d
        >>> from bscnet.search import candidate_shifts, share_by_level
        >>> conv = CompositeShiftConv3d(4, 8, 2, candidate_shifts("all27"))
        >>> network = torch.nn.ModuleDict({"conv": conv})
        >>> network["other"] = CompositeShiftConv3d(8, 8, 2, candidate_shifts("all27"))
        >>> share_by_level(network)
        >>> network["other"].alpha is conv.alpha
        True
    """
    shared: dict[int, nn.Parameter] = {}
    for name, layer in composite_layers(network).items():
        layer.alpha = shared.setdefault(layer_level(name), layer.alpha)
