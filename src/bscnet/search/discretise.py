"""From search logits to a ShiftPlan, and the plan into a network."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn

from bscnet.errors import InputError
from bscnet.nn import CompositeShiftConv3d, ShiftedSparseConv3d
from bscnet.search.plan import ShiftPlan

_Layer = TypeVar("_Layer", bound=nn.Module)

# Range of the Gumbel relaxations' temperature over the search.
TEMPERATURE_START, TEMPERATURE_END = 5.0, 0.1


def _layers(network: nn.Module, kind: type[_Layer]) -> dict[str, _Layer]:
    return {name: module for name, module in network.named_modules() if isinstance(module, kind)}


def composite_layers(network: nn.Module) -> dict[str, CompositeShiftConv3d]:
    """Every composite convolution of a network by module path."""
    return _layers(network, CompositeShiftConv3d)


def shifted_layers(network: nn.Module) -> dict[str, ShiftedSparseConv3d]:
    """Every shifted convolution of a network by module path."""
    return _layers(network, ShiftedSparseConv3d)


def current_plan(network: nn.Module) -> ShiftPlan:
    """The shifts that a network of shifted convolutions has now."""
    return ShiftPlan({name: layer.shift_tuple for name, layer in shifted_layers(network).items()})


def discretise(network: nn.Module) -> ShiftPlan:
    """Each group takes the candidate of its largest logit: ``p_g = s_{argmax_i alpha_{g,i}}``.

    Raises:
        InputError: the network has no composite convolution.
    """
    layers = composite_layers(network)
    if not layers:
        raise InputError("the network has no composite convolution to discretise")
    return ShiftPlan(
        {
            name: tuple(tuple(row) for row in layer.candidates[layer.alpha.argmax(dim=1)].tolist())
            for name, layer in layers.items()
        }
    )


def _check_plan(plan: ShiftPlan, groups: dict[str, int]) -> None:
    # Before anything is changed, so that a refused plan leaves the network as it was.
    if groups.keys() != plan.shifts.keys():
        odd = sorted(groups.keys() ^ plan.shifts.keys())
        raise InputError(f"the shift plan is of another network: {odd[0]} and {len(odd) - 1} more layers differ")
    for name, shifts in plan.shifts.items():
        if len(shifts) != groups[name]:
            raise InputError(f"{name}: {len(shifts)} shifts given for {groups[name]} channel groups")


def apply_plan(network: nn.Module, plan: ShiftPlan) -> None:
    """Set the shifts of a network's shifted convolutions.

    Raises:
        InputError: the plan names other layers than the network has, or another number of groups.
    """
    layers = shifted_layers(network)
    _check_plan(plan, {name: layer.groups for name, layer in layers.items()})
    for name, layer in layers.items():
        layer.set_shifts(plan.shifts[name])


def discretised_state(network: nn.Module, plan: ShiftPlan) -> dict[str, Tensor]:
    """State of the shifted network that a searched one becomes.

    Logits go, shifts come; weights stay bit for bit (of unshared kernels, each group keeps its chosen candidate's).

    Args:
        network: with composite convolutions.
        plan: what ``discretise`` gave.

    Raises:
        InputError: the plan is of another network or, where kernels are unshared, holds a shift that is no candidate.
    """
    state = dict(network.state_dict())
    layers = composite_layers(network)
    _check_plan(plan, {name: len(layer.group_sizes) for name, layer in layers.items()})
    for name, layer in layers.items():
        prefix = f"{name}." if name else ""
        del state[f"{prefix}alpha"]
        shifts = torch.tensor(plan.shifts[name])
        state[f"{prefix}shifts"] = shifts
        if not layer.share_kernel:
            listed = [tuple(row) for row in layer.candidates.tolist()]
            if not set(plan.shifts[name]) <= set(listed):
                raise InputError(f"{name}: the plan holds shifts that are not among the candidates {listed}")
            chosen = [listed.index(shift) for shift in plan.shifts[name]]
            parts = layer.weight.detach().split(layer.group_sizes, dim=-1)
            state[f"{prefix}weight"] = torch.cat([part[i] for part, i in zip(parts, chosen, strict=True)], dim=-1)
    return state


def set_temperature(network: nn.Module, progress: float) -> None:
    """Anneal the Gumbel relaxations geometrically from temperature 5 (progress 0) to 0.1 (progress 1)."""
    temperature = TEMPERATURE_START * (TEMPERATURE_END / TEMPERATURE_START) ** min(max(progress, 0.0), 1.0)
    for layer in composite_layers(network).values():
        layer.temperature = temperature
