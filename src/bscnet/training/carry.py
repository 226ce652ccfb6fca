"""Carrying the weights of one stage into the network of the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from bscnet.errors import InputError
from bscnet.runs.checkpoint import metadata_of, network_state, read_checkpoint, require_same
from bscnet.runs.layout import PLAN_NAME
from bscnet.search import ShiftPlan, apply_plan, discretised_state
from bscnet.sparse.offsets import Shift

_LOGITS, _SHIFTS = ".alpha", ".shifts"
_QUANTIZERS = (".input_quantizer.", ".weight_quantizer.")


def carry(
    checkpoint: str | Path,
    network: nn.Module,
    plan: ShiftPlan | None = None,
    expected: Mapping[str, Any] | None = None,
) -> None:
    """Loads the weights (only those: the optimizer starts afresh) of an earlier stage into `network`, bit for bit.

    Exactly these differences are allowed between the two networks:

    - the checkpoint's search logits are dropped, if `plan` says what was decided (then the network's shifts are the
      plan's; of a search without kernel sharing each channel group keeps the kernel of its chosen candidate);
    - the network may have search logits where the checkpoint has no shifts: they keep their initial values;
    - parameters of quantizers that a lower precision brings (learned scales, thresholds) keep their initial values.

    Args:
        checkpoint: path of the earlier stage's checkpoint.
        network: the next stage's network; but for its shifts it is changed only if everything fits.
        plan: the search's decision; the network's shifts are set to it here, and nowhere else when weights are carried.
        expected: metadata that the checkpoint must share (see `bscnet.runs.checkpoint.require_same`).

    Raises:
        InputError: the checkpoint is unreadable, or of another network or stage; the sentence names what differs.
    """
    found = read_checkpoint(checkpoint)
    require_same(checkpoint, metadata_of(found), expected or {})
    if plan is not None:
        apply_plan(network, plan)
    candidates = [tuple(shift) for shift in metadata_of(found).get("candidates", [])]
    target = network.state_dict()
    state = _fitted(checkpoint, network_state(found), target, plan, candidates)
    _require_fit(checkpoint, state, target)
    network.load_state_dict(state)


def _fitted(
    path: str | Path,
    state: Mapping[str, Tensor],
    target: Mapping[str, Tensor],
    plan: ShiftPlan | None,
    candidates: Sequence[Shift],
) -> dict[str, Tensor]:
    """`state` with the allowed differences applied; what is not allowed still differs from `target`."""
    searched = [key for key in state if key.endswith(_LOGITS) and key not in target]
    if searched and plan is None:
        raise _other(
            path, f"it holds search logits such as {searched[0]!r}, and no {PLAN_NAME} of the search was given"
        )
    kept = discretised_state(state, plan, candidates) if searched and plan is not None else dict(state)
    kept.update({key: value for key, value in target.items() if key not in kept and _may_be_new(key)})
    return kept


def _may_be_new(key: str) -> bool:
    return key.endswith(_LOGITS) or any(part in key for part in _QUANTIZERS)


def _require_fit(path: str | Path, state: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> None:
    missing = sorted(target.keys() - state.keys())
    foreign = sorted(state.keys() - target.keys())
    shared = sorted(target.keys() & state.keys())
    shapes = [key for key in shared if state[key].shape != target[key].shape]
    if missing:
        raise _other(path, f"it lacks {_some(missing)}, which this network has")
    if foreign:
        raise _other(path, f"it holds {_some(foreign)}, which this network has not")
    if shapes:
        key = shapes[0]
        raise _other(path, f"{key!r} is {tuple(state[key].shape)} there and {tuple(target[key].shape)} in this network")
    for key in shared:
        if key.endswith(_SHIFTS) and not torch.equal(state[key].cpu(), target[key].cpu()):
            raise _other(path, f"{key!r} is {state[key].tolist()} there and {target[key].tolist()} in this network")


def _other(path: str | Path, difference: str) -> InputError:
    return InputError(f"checkpoint {path} is of another network or stage: {difference}")


def _some(keys: list[str]) -> str:
    more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    return f"{keys[0]!r}{more}"
