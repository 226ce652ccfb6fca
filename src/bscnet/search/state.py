"""Where a search stands: how sure each layer is, and which kinds of shifts it prefers."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import Any

from torch import nn

from bscnet.nn import ORBITS, orbit_of
from bscnet.search.confidence import entropy
from bscnet.search.discretise import composite_layers
from bscnet.search.plan import ShiftPlan

DECIDED = 0.5
"""Mean importance weight of the largest shifts from which on a search counts as decided."""


def search_state(network: nn.Module) -> dict[str, dict[str, list[float]]]:
    """Of each composite layer the ``entropy``, the ``max_pi`` and its ``margin`` to the runner-up of each group.

    Examples:
        >>> import torch
        >>> from bscnet.nn import CompositeShiftConv3d
        >>> from bscnet.search import candidate_shifts, search_state
        >>> conv = CompositeShiftConv3d(4, 8, 2, candidate_shifts("all27"))
        >>> network = torch.nn.ModuleDict({"conv": conv})
        >>> search_state(network)["conv"]["margin"]
        [0.0, 0.0]
    """
    state = {}
    for name, layer in composite_layers(network).items():
        pi = layer.importance().detach()
        first, *others = pi.topk(min(2, pi.shape[1]), dim=1).values.T
        margin = first - others[0] if others else first
        state[name] = {"entropy": entropy(pi).tolist(), "max_pi": first.tolist(), "margin": margin.tolist()}
    return state


def search_summary(network: nn.Module, signals: Mapping[str, float] | None = None) -> dict[str, Any]:
    """Means over all groups of ``search_state``, and over the layers of the signal of the logits' gradients.

    Args:
        network: with composite convolutions.
        signals: what ``GradientSignal.ratios`` gave.

    Returns:
        plain values: ``max_pi``, ``margin``, ``entropy`` (nats), ``gradient_signal`` (None where there is none).

    Examples:
        >>> import torch
        >>> from bscnet.nn import CompositeShiftConv3d
        >>> from bscnet.search import candidate_shifts, search_summary
        >>> conv = CompositeShiftConv3d(4, 8, 2, candidate_shifts("all27"))
        >>> network = torch.nn.ModuleDict({"conv": conv})
        >>> round(search_summary(network)["max_pi"], 4)  # 1 / 27
        0.037
    """
    layers = search_state(network).values()
    means = {key: fmean(value for layer in layers for value in layer[key]) for key in ("max_pi", "margin", "entropy")}
    return {**means, "gradient_signal": fmean(signals.values()) if signals else None}


def orbit_counts(plan: ShiftPlan) -> dict[str, int]:
    """How many groups of a plan have a shift of each of the 9 orbits.

    Examples:
        >>> from bscnet.search import ShiftPlan, orbit_counts
        >>> counts = orbit_counts(ShiftPlan({"conv": ((0, 0, 1), (1, 0, 0))}))
        >>> {orbit: count for orbit, count in counts.items() if count}
        {'level side': 1, 'above centre': 1}
    """
    counts = dict.fromkeys(ORBITS, 0)
    for shifts in plan.shifts.values():
        for shift in shifts:
            counts[orbit_of(shift)] += 1
    return counts


def is_decided(summary: Mapping[str, Any]) -> bool:
    """Whether the largest shifts of a ``search_summary`` hold half of the weight, in the mean over groups.

    Examples:
        >>> from bscnet.search import is_decided
        >>> is_decided({"max_pi": 0.98}), is_decided({"max_pi": 0.05})
        (True, False)
    """
    return bool(summary["max_pi"] >= DECIDED)
