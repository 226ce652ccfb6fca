"""How a plan is decided at the end of a search: scores of every shift, of which each group takes the best."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from bscnet.nn import CompositeShiftConv3d
from bscnet.search.discretise import composite_layers


class MeanImportance:
    """The mean of each layer's importance weights over the steps at which it was added.

    ``scores`` is by layer, ``(G, n_s)``; logits that swing at the end of the search count less in it.

    Examples:
        >>> import torch
        >>> from bscnet.nn import CompositeShiftConv3d
        >>> from bscnet.search import MeanImportance, candidate_shifts
        >>> conv = CompositeShiftConv3d(4, 8, 2, candidate_shifts("all27"))
        >>> network = torch.nn.ModuleDict({"conv": conv})
        >>> mean = MeanImportance()
        >>> mean.add(network)
        >>> mean.scores()["conv"].shape
        torch.Size([2, 27])
    """

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._count = 0

    @torch.no_grad()
    def add(self, network: nn.Module) -> None:
        """Add the weights as they are now."""
        for name, layer in composite_layers(network).items():
            pi = layer.importance()
            self._sums[name] = pi + self._sums[name].to(pi.device) if name in self._sums else pi
        self._count += 1

    def scores(self) -> dict[str, Tensor]:
        """The mean weights; empty before anything was added."""
        return {name: total / self._count for name, total in self._sums.items()}

    def state(self) -> dict[str, Any]:
        """Plain values and tensors, for a checkpoint."""
        return {"sums": self._sums, "count": self._count}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._sums, self._count = dict(state["sums"]), int(state["count"])


@torch.no_grad()
def shift_losses(
    network: nn.Module, loss: Callable[[int], float], repeats: int, drawn: bool = False, seed: int = 0
) -> dict[str, Tensor]:
    """By layer ``(G, n_s)``: the mean loss where this group alone has this shift for certain, the weights as they are.

    The others are as the search has left them, or, where ``drawn``, shifts drawn anew for each repeat, the same for all
    shifts that are compared. A shift that is not open to a group has a loss of infinity. Layers with shared logits get
    the same table. The cost is an evaluation for each repeat, group and shift.

    Args:
        network: with composite convolutions; it is evaluated, and in the end as it was.
        loss: of the network as it is, on the data of a repeat.
        repeats: how often.
        drawn: see above.
        seed: of what is drawn.

    Source: perturbation after Wang et al. (arXiv 2108.04392), ranking in a super-network after Guo et al. (1904.00420).

    Examples:
        >>> import torch
        >>> from bscnet.nn import CompositeShiftConv3d
        >>> from bscnet.search import candidate_shifts, shift_losses
        >>> conv = CompositeShiftConv3d(4, 8, 2, candidate_shifts("all27"))
        >>> network = torch.nn.ModuleDict({"conv": conv})
        >>> shift_losses(network, lambda repeat: 1.0, repeats=1)["conv"].shape
        torch.Size([2, 27])
    """
    layers = composite_layers(network)
    was_training = network.training
    network.eval()
    kept = {name: layer.alpha.clone() for name, layer in layers.items()}
    totals = {name: [[0.0] * len(options) for options in layer.source.options] for name, layer in layers.items()}
    first = {id(layer.alpha): name for name, layer in reversed(layers.items())}
    generator = torch.Generator().manual_seed(seed)
    for repeat in range(repeats):
        if drawn:
            for name in first.values():
                _draw(layers[name], generator)
        for name in first.values():
            layer = layers[name]
            for group, options in enumerate(layer.source.options):
                before = layer.alpha[group].clone()
                for place, shift in enumerate(options):
                    layer.alpha[group] = layer.source.row(group, shift, 1.0).to(before)
                    totals[name][group][place] += loss(repeat) / repeats
                layer.alpha[group] = before
    for name, layer in layers.items():
        layer.alpha.copy_(kept[name])
    network.train(was_training)
    return {
        name: layer.source.spread(
            torch.tensor(totals[first[id(layer.alpha)]], dtype=torch.float64, device=layer.alpha.device),
            absent=float("inf"),
        ).cpu()
        for name, layer in layers.items()
    }


def _draw(layer: CompositeShiftConv3d, generator: torch.Generator) -> None:
    for group, options in enumerate(layer.source.options):
        shift = options[int(torch.randint(len(options), (), generator=generator))]
        layer.alpha[group] = layer.source.row(group, shift, 1.0).to(layer.alpha)
