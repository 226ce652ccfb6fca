"""The config group `augmentation`: how training scenes are changed before a network sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from bscnet.settings.rules import Entries, Number

Probability = Annotated[float, Number(0, high=1)]
Transforms = Annotated[tuple[Any, ...] | None, Entries(optional=True)]


@dataclass(frozen=True, kw_only=True)
class AugmentationSettings:
    """Points are left out, then moved, then the scene is put in the training cube, then its colours change."""

    name: Annotated[str, "what the list is called"] = "protocol"
    transforms: Annotated[
        Transforms,
        "in this order: names, or {name: …} with options (docs/recipes.md); null: what the data set's protocol does",
    ] = None
    mix3d: Annotated[Probability, "probability that two scenes of a batch become one (arXiv 2110.02210)"] = 0.0
