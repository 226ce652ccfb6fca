"""The plan that a finished search decides."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from bscnet.search import ShiftPlan, composite_layers, discretise, is_decided, orbit_counts, shift_losses
from bscnet.sparse import SparseTensor
from bscnet.training.loss import voxel_cross_entropy
from bscnet.training.search import SearchModule

_log = logging.getLogger(__name__)


def decided_plan(
    module: SearchModule, summary: Mapping[str, Any], datamodule: pl.LightningDataModule, device: torch.device
) -> ShiftPlan:
    """The plan of `module.options.decide`, with what tells how sure the search was (`ShiftPlan.search`).

    Args:
        module: after its fit, its network with the weights that go on.
        summary: what `search_summary` found of those.
        datamodule: of the fit.
        device: where shifts are ranked, if they are.
    """
    known: dict[str, Any] = {"decide": module.options.decide, **summary}
    scores: dict[str, Tensor] | None = None
    if module.options.decide == "mean":
        scores = module.mean_importance.scores()
    elif module.options.decide == "perturbation":
        losses = ranked_losses(module, datamodule, device)
        known["loss_margin"] = _margin(losses)
        scores = {name: -table for name, table in losses.items()}
    plan = discretise(module.network, scores)
    known["orbits"] = orbit_counts(plan)
    if "max_pi" in known and module.options.decide != "perturbation":
        known["decided"] = is_decided(known)
    return ShiftPlan(plan.shifts, known)


def warn_undecided(plan: ShiftPlan, module: SearchModule) -> None:
    """Warn where the largest shifts hold less than half of the weight: the plan is then hardly better than drawn."""
    if plan.search.get("decided", True):
        return
    layer = next(iter(composite_layers(module.network).values()))
    _log.warning(
        "the search has not decided: its largest shifts hold %.3g of the weight in the mean, equal weights are "
        "%.3g, so the plan is hardly better than a drawn one; method.arch_travel or method.lr_arch speed it up",
        plan.search["max_pi"],
        1 / len(layer.source.options[0]),
    )


def ranked_losses(module: SearchModule, datamodule: pl.LightningDataModule, device: torch.device) -> dict[str, Tensor]:
    """`shift_losses` over the first scenes of the module's split, in a super-network with drawn surroundings."""
    batches = list(islice(_batches(datamodule, module.options.rank_on), module.options.rank_batches))
    placed = [batch.to(device) for batch in batches]
    inputs = [SparseTensor(batch.feats, batch.coords, backend=module.backend, maps=batch.maps) for batch in placed]
    network = module.network
    home = next(network.parameters()).device
    network.to(device)

    def loss(number: int) -> float:
        batch = placed[number]
        return float(voxel_cross_entropy(network(inputs[number]), batch.point_to_voxel, batch.labels))

    drawn = any(not layer.relaxation.learned for layer in composite_layers(network).values())
    found = shift_losses(network, loss, len(inputs), drawn)
    network.to(home)
    return found


def _batches(datamodule: Any, split: str) -> Iterable[Any]:
    return datamodule.val_dataloader() if split == "val" else datamodule.loader(datamodule.eval_dataset(split))


def _margin(losses: dict[str, Tensor]) -> float:
    """The mean distance in loss from the best shift of a group to the next one."""
    first, second = torch.cat([table.topk(2, dim=1, largest=False).values for table in losses.values()]).T
    return float((second - first).mean())
