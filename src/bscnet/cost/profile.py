"""The cost of a network on a set of scenes: layer by layer, and in total."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from bscnet.cost.counts import count_levels, mean_counts
from bscnet.cost.layer import LayerCost, layer_cost, operations
from bscnet.cost.trace import trace_layers

TOTALS = ("params_real", "params_1bit", "params_aux", "flops", "bops", "ops", "bytes")


@dataclass(frozen=True)
class Profile:
    """Costs of a network's layers in the order in which they run, for the mean scene."""

    layers: tuple[LayerCost, ...]

    def total(self, quantity: str) -> float:
        """Sum over the layers of one of `LayerCost`'s numbers."""
        return sum(getattr(layer, quantity) for layer in self.layers)

    @property
    def totals(self) -> dict[str, float]:
        """The sums named in TOTALS; bytes are those of the weights: (32 params_real + params_1bit) / 8."""
        return {quantity: self.total(quantity) for quantity in TOTALS}

    @property
    def nominal_ops(self) -> float:
        """Operations with every window centred on its site, in place of the shifted and composite ones."""
        binary = sum(layer.macs_nominal for layer in self.layers if layer.bops)
        return operations(self.total("macs_nominal") - binary, binary)

    @property
    def bytes_as_real(self) -> float:
        """Bytes of the weights if all had 32 bits."""
        return 4 * (self.total("params_real") + self.total("params_1bit"))

    def as_dict(self) -> dict[str, Any]:
        """{"layers": […], "totals": {…}}, plain values."""
        return {"layers": [layer.as_dict() for layer in self.layers], "totals": self.totals}


def profile_network(network: nn.Module, scenes: Iterable[Tensor], in_channels: int) -> Profile:
    """Costs of `network`, mean over `scenes`.

    The network runs once, on a line of sites, to see which layers it has; a scene costs its neighbour tables only.

    Args:
        network: of this project's layers; its weights and mode stay as they are.
        scenes: (N, 4) integer coordinates [batch, x, y, z] in voxels of each scene.
        in_channels: features of a site.

    Raises:
        InputError: no scene, or coordinates that are no site list.
    """
    layers = trace_layers(network, in_channels)
    num_levels = 1 + max(layer.level for layer in layers)
    counts = mean_counts([count_levels(coords, num_levels) for coords in scenes])
    return Profile(tuple(layer_cost(layer, counts) for layer in layers))
