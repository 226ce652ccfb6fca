"""The config group `recipe`: how long stages train, and on what.

A choice of it may choose optimizer, schedule, loss, callbacks and augmentation as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from bscnet.settings.numbers import Count, Natural, Positive, Share
from bscnet.settings.words import Budget, Carried

SHARED_STAGES = ("search", "pretrain", "real", "real_again", "activations", "activations_again", "weights")
"""Names of stages that the methods have."""


@dataclass(frozen=True, kw_only=True)
class DoubleWhen:
    """A model and a voxel size that train twice as long."""

    model: Annotated[str, "name of the model"]
    voxel_size: Annotated[Positive, "metres"]


@dataclass(frozen=True, kw_only=True)
class BatchRow:
    """The batch size of voxels of this size and above."""

    voxel_size: Annotated[Positive, "metres"]
    batch_size: Annotated[Count, "scenes a step"]


@dataclass(frozen=True, kw_only=True)
class RecipeSettings:
    """The length of stages and their batches; the defaults are those of BSC-Net's supplement (arXiv 2303.15493)."""

    name: Annotated[str, "what the recipe is called"]
    epochs: Annotated[Count, "of a stage, or of all that share them (budget)"] = 128
    budget: Annotated[
        Budget,
        "per_stage: every stage runs `epochs`; per_chain: the stages of a method share them; final_stages: those that "
        "all methods have share them, a search and an extra stage come on top, each as long as one of those",
    ] = "per_stage"
    shares: Annotated[Mapping[str, Positive], "weight of each stage in all this, by its name; absent: 1"] = field(
        default_factory=lambda: dict.fromkeys(SHARED_STAGES, 1)
    )
    lr_scale: Annotated[Positive, "factor on the first learning rate of every stage"] = 1.0
    gradient_clip_val: Annotated[Positive | None, "norm that the gradient of a step is cut to; null: it is not cut"] = (
        None
    )
    norm_momentum: Annotated[Share, "of batch norm, in torch's convention"] = 0.01
    norm_batches: Annotated[
        Natural,
        "training batches over which batch norm's statistics are estimated anew as a stage changes convolution or "
        "precision; 0: none",
    ] = 0
    carried: Annotated[Carried, "the checkpoint that the next stage starts from"] = "last"
    double_when: Annotated[
        DoubleWhen | None,
        "where both hold, epochs are doubled, and the schedule with them (supplement); null: never",
    ] = DoubleWhen(model="unet_h", voxel_size=0.02)
    batch_size: Annotated[Count | None, "scenes a step; null: by batch_rule"] = None
    batch_rule: Annotated[
        tuple[BatchRow, ...],
        "the row with the largest voxel size that is not above data.voxel_size counts; below all of them, the smallest",
    ] = (BatchRow(voxel_size=0.05, batch_size=32), BatchRow(voxel_size=0.02, batch_size=5))
