"""The config group `loss`: what a stage makes small over the labelled points of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from bscnet.settings.numbers import NonNegative
from bscnet.settings.rules import Number
from bscnet.settings.words import ClassWeights

Smoothing = Annotated[float, Number(0, high=1)]


@dataclass(frozen=True, kw_only=True)
class LossSettings:
    """A sum of losses over the labelled points of a batch."""

    name: Annotated[str, "what the loss is called"] = "cross_entropy"
    cross_entropy: Annotated[NonNegative, "factor of the cross entropy; 0: without"] = 1.0
    lovasz: Annotated[NonNegative, "factor of Lovász-softmax (arXiv 1705.08790); 0: without"] = 0.0
    class_weights: Annotated[
        ClassWeights,
        "weights of the cross entropy by a class's share f of the training points: 1/f, 1/√f, 1/ln(1.02 + f); their "
        "mean is 1",
    ] = "none"
    label_smoothing: Annotated[Smoothing, "share of a label that is spread over all classes"] = 0.0
