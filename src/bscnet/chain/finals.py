"""The numbers that finished runs are compared by, under the same names for a stage and for a whole chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bscnet.runs.stage import StageOutcome

if TYPE_CHECKING:
    from torch import nn

    from bscnet.data.datamodule import ScanDataModule

SCORES = ("miou", "macc", "acc", "loss")


def stage_finals(outcome: StageOutcome) -> dict[str, float | None]:
    """Scores of a stage's checkpoint over the validation split (fractions), its epochs and its seconds."""
    known = outcome.scores or {"miou": outcome.val_miou}
    return {
        **{f"final/{key}": known.get(key) for key in SCORES},
        "final/best_miou": outcome.best_val_miou,
        "final/epochs": outcome.epochs,
        "final/seconds": outcome.seconds,
    }


def chain_finals(stages: Sequence[StageOutcome], scores: dict[str, Any]) -> dict[str, float | None]:
    """The last stage's, with the scores of all validation scenes, each class's IoU, and the time of all stages.

    Args:
        stages: of the chain, in order.
        scores: content of its scores.json.
    """
    return {
        **stage_finals(stages[-1]),
        **{f"final/{key}": scores[key] for key in ("miou", "macc", "acc")},
        "final/epochs": sum(stage.epochs for stage in stages),
        "final/seconds": sum(stage.seconds for stage in stages),
        **{f"iou/{name}": row["iou"] for name, row in scores["classes"].items()},
    }


def network_costs(network: nn.Module, data: ScanDataModule) -> dict[str, float]:
    """Parameters, bytes and operations (FLOPs + BOPs / 64) of a network on the first validation scene."""
    from bscnet.cost import profile_network

    totals = profile_network(network, [data.val_scene(0).batch.coords], data.in_channels).totals
    return {f"network/{key}": value for key, value in totals.items()}
