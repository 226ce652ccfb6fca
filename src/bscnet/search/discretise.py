"""From search logits to a ShiftPlan, and the plan into a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from bscnet.errors import InputError
from bscnet.nn import CompositeShiftConv3d, ShiftedSparseConv3d
from bscnet.search.plan import ShiftPlan
from bscnet.sparse.offsets import Shift

_Layer = TypeVar("_Layer", bound=nn.Module)

_LOGITS = "alpha"


def _layers(network: nn.Module, kind: type[_Layer]) -> dict[str, _Layer]:
    return {name: module for name, module in network.named_modules() if isinstance(module, kind)}


def composite_layers(network: nn.Module) -> dict[str, CompositeShiftConv3d]:
    """Every composite convolution of a network by module path.

    Examples:
        >>> import torch
        >>> from bscnet.nn import CompositeShiftConv3d
        >>> from bscnet.search import candidate_shifts, composite_layers
        >>> conv = CompositeShiftConv3d(4, 8, 2, candidate_shifts("all27"))
        >>> network = torch.nn.ModuleDict({"conv": conv})
        >>> list(composite_layers(network))
        ['conv']
    """
    return _layers(network, CompositeShiftConv3d)


def shifted_layers(network: nn.Module) -> dict[str, ShiftedSparseConv3d]:
    """Every shifted convolution of a network by module path.

    Examples:
        >>> import torch
        >>> from bscnet.nn import ShiftedSparseConv3d
        >>> from bscnet.search import shifted_layers
        >>> list(shifted_layers(torch.nn.ModuleDict({"conv": ShiftedSparseConv3d(4, 8, [(0, 0, 1), (1, 0, 0)])})))
        ['conv']
    """
    return _layers(network, ShiftedSparseConv3d)


def current_plan(network: nn.Module) -> ShiftPlan:
    """The shifts that a network of shifted convolutions has now.

    Examples:
        >>> import torch
        >>> from bscnet.nn import ShiftedSparseConv3d
        >>> from bscnet.search import current_plan
        >>> current_plan(torch.nn.ModuleDict({"conv": ShiftedSparseConv3d(4, 8, [(0, 0, 1), (1, 0, 0)])})).shifts
        {'conv': ((0, 0, 1), (1, 0, 0))}
    """
    return ShiftPlan({name: layer.shift_tuple for name, layer in shifted_layers(network).items()})


def discretise(network: nn.Module, scores: Mapping[str, Tensor] | None = None) -> ShiftPlan:
    """Each group takes the candidate with the best score, of equal ones the first: ``p_g = s_{argmax_i}``.

    Args:
        network: with composite convolutions.
        scores: ``(G, n_s)`` of every layer; None: the search logits as they are now.

    Raises:
        InputError: the network has no composite convolution.

    Examples:
        >>> import torch
        >>> from bscnet.nn import CompositeShiftConv3d
        >>> from bscnet.search import candidate_shifts, discretise
        >>> conv = CompositeShiftConv3d(4, 8, 2, candidate_shifts("all27"))
        >>> network = torch.nn.ModuleDict({"conv": conv})
        >>> with torch.no_grad():
        ...     conv.alpha[0, 5] = 1.0
        >>> discretise(network).shifts["conv"] == (candidate_shifts("all27")[5], (0, 0, 0))
        True
    """
    layers = composite_layers(network)
    if not layers:
        raise InputError("the network has no composite convolution to discretise")
    found = {name: layer.scores() for name, layer in layers.items()} if scores is None else scores
    return ShiftPlan(
        {
            name: tuple(
                tuple(row) for row in layer.candidates[found[name].argmax(dim=1).to(layer.candidates.device)].tolist()
            )
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

    Examples:
        >>> import torch
        >>> from bscnet.nn import ShiftedSparseConv3d
        >>> from bscnet.search import ShiftPlan, apply_plan
        >>> network = torch.nn.ModuleDict({"conv": ShiftedSparseConv3d(4, 8, [(0, 0, 0), (0, 0, 0)])})
        >>> apply_plan(network, ShiftPlan({"conv": ((0, 0, 1), (1, 0, 0))}))
        >>> network["conv"].shifts.tolist()
        [[0, 0, 1], [1, 0, 0]]
    """
    layers = shifted_layers(network)
    _check_plan(plan, {name: layer.groups for name, layer in layers.items()})
    for name, layer in layers.items():
        layer.set_shifts(plan.shifts[name])


def discretised_state(state: Mapping[str, Tensor], plan: ShiftPlan, candidates: Sequence[Shift]) -> dict[str, Tensor]:
    """State of the shifted network that a searched one becomes.

    Logits go, shifts come; weights stay bit for bit (of unshared kernels, each group keeps its chosen candidate's).

    Args:
        state: of a network with composite convolutions; it stays as it is.
        plan: what ``discretise`` gave.
        candidates: the shifts that were searched, in the order of the logits.

    Raises:
        InputError: the plan is of another network or, where kernels are unshared, holds a shift that is no candidate.

    Examples:
        >>> import torch
        >>> from bscnet.nn import CompositeShiftConv3d
        >>> from bscnet.search import candidate_shifts, discretise, discretised_state
        >>> conv = CompositeShiftConv3d(4, 8, 2, candidate_shifts("all27"))
        >>> network = torch.nn.ModuleDict({"conv": conv})
        >>> sorted(discretised_state(network.state_dict(), discretise(network), candidate_shifts("all27")))
        ['conv.shifts', 'conv.weight']
    """
    found = dict(state)
    prefixes = {key.removesuffix(_LOGITS) for key in state if f".{key}".endswith(f".{_LOGITS}")}
    _check_plan(plan, {prefix.removesuffix("."): len(state[prefix + _LOGITS]) for prefix in prefixes})
    for prefix in prefixes:
        shifts = plan.shifts[prefix.removesuffix(".")]
        del found[prefix + _LOGITS]
        found[f"{prefix}shifts"] = torch.tensor(shifts)
        weight = state[f"{prefix}weight"]
        if weight.ndim == 4:  # a kernel for every candidate
            if not set(shifts) <= set(candidates):
                name = prefix.removesuffix(".")
                raise InputError(f"{name}: the plan holds shifts that are not among the candidates {list(candidates)}")
            groups = weight.tensor_split(len(shifts), dim=-1)
            kept = [group[candidates.index(shift)] for group, shift in zip(groups, shifts, strict=True)]
            found[f"{prefix}weight"] = torch.cat(kept, dim=-1)
    return found
