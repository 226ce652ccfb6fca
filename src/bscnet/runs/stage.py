"""What a stage is asked to do, and what came out of it. Plain data: no torch, so that the planner stays light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bscnet.settings.words import Conv, Init, Precision, ShiftSource


@dataclass(frozen=True)
class StageSpec:
    """One stage (one Lightning run) of a chain.

    Attributes:
        index: 1-based place in the chain.
        name: what the stage is for, such as "search".
        precision: bits of activations (a) and weights (w): "a32w32", "a1w32" or "a1w1".
        conv: the convolution of the SSC layers: "plain", "shifted" (SFSC) or "composite" (the search).
        lr: learning rate that the schedule starts from, or rises to.
        conf_weight: weight of the confidence loss; 0 except in the search.
        epochs: length of the stage in epochs.
        init: "random", or "carried": the weights of the stage before (or of `init_from`).
        shifts: where a shifted convolution's shifts come from: "manual" (the preset), "searched" (the ShiftPlan of
            the search stage), or "none" for the other convolutions.

    Source: BSC-Net supplement (arXiv 2303.15493), training details.
    """

    index: int
    name: str
    precision: Precision
    conv: Conv
    lr: float
    conf_weight: float
    epochs: int
    init: Init = "random"
    shifts: ShiftSource = "none"


@dataclass(frozen=True)
class StageOutcome:
    """What a finished stage leaves behind.

    Attributes:
        stage: 1-based index in the chain.
        name, precision: as in its `StageSpec`.
        checkpoint: path of the checkpoint that the next stage starts from.
        epochs: epochs trained.
        val_miou: mIoU over the validation split of that checkpoint, in [0, 1].
        seconds: wall time of the stage, all its runs together.
        plan_path: path of the ShiftPlan (JSON) that a search stage wrote; None otherwise.
        best_val_miou: the best mIoU over the validation split of any epoch (the one in `best.ckpt`).
        epoch: 0-based epoch that the checkpoint was written after, as the CSV files count them; None in old records.
        scores: of that checkpoint over the validation split: miou, macc, acc (fractions), loss; None in old records.
        search: how sure a search was, as in its plan.json; None of other stages and in old records.
    """

    stage: int
    name: str
    precision: str
    checkpoint: str
    epochs: int
    val_miou: float
    seconds: float
    plan_path: str | None = None
    backend: str | None = None
    best_val_miou: float | None = None
    epoch: int | None = None
    scores: dict[str, float] | None = None
    search: dict[str, Any] | None = None
