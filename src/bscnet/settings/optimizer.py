"""The config group `optimizer`: a class of `torch.optim`, whose further options may be added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from bscnet.settings.numbers import NonNegative, Positive
from bscnet.settings.words import OptimizerName


@dataclass(frozen=True, kw_only=True)
class OptimizerSettings:
    """What changes the weights; the defaults are the supplement's. Further keys are options of the class."""

    name: Annotated[OptimizerName, "the class of torch.optim"] = "adam"
    lr_scale: Annotated[Positive, "factor on every learning rate, besides recipe.lr_scale"] = 1.0
    weight_decay: Annotated[
        NonNegative, "of adamw apart from the gradient, of the others an L2 penalty; never on search logits"
    ] = 0.0
    further: Mapping[str, Any] = field(default_factory=dict)
