"""The config group `schedule`: how the learning rate goes over a stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from bscnet.settings.group import OWN
from bscnet.settings.numbers import Count, Positive
from bscnet.settings.rules import Number, Wholes
from bscnet.settings.words import ScheduleName

Epochs = Annotated[tuple[int, ...], Wholes(1, different=False)]
Part = Annotated[float, Number(0, high=1)]


@dataclass(frozen=True, kw_only=True)
class ScheduleSettings:
    """The learning rate over a stage. Further keys are options of torch's class of that name."""

    name: Annotated[ScheduleName, "how it goes"] = "steps"
    milestones: Annotated[Epochs | None, OWN, "epochs after which the learning rate is multiplied by gamma"] = None
    gamma: Annotated[Positive | None, OWN, "factor of the learning rate at a milestone"] = None
    reference_epochs: Annotated[
        Count | None, OWN, "the milestones are given for so many epochs and follow a stage's own in proportion"
    ] = None
    warm_up: Annotated[Part | None, OWN, "share of the steps in which the learning rate rises, below 1"] = None
    further: Mapping[str, Any] = field(default_factory=dict)
