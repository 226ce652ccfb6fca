"""Settings of a method that say how its search is trained and decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from bscnet.settings.numbers import Count, Positive, Share
from bscnet.settings.words import Confidence, Decision, RankingSplit, Reduction


@dataclass(frozen=True, kw_only=True)
class SearchSwitches:
    """The confidence loss, the search's speed, and its decision."""

    conf: Annotated[Confidence, "confidence loss, of each group"] = "entropy"
    reduce: Annotated[Reduction, "of the confidence loss over groups and layers"] = "paper"
    lr_arch: Annotated[Positive | None, "learning rate of the search logits; null: that of the weights"] = None
    arch_travel: Annotated[
        Positive | None,
        "in place of lr_arch: how far a logit can go over the whole search (paper's schedule: 2.4 on ScanNet at 5 cm)",
    ] = None
    temperature_end: Annotated[
        Positive | None, "of softmax (from 1) and of the Gumbel relaxations (from 5); null: 1 and 0.1"
    ] = None
    temperature_share: Annotated[Share, "the last share of the search, over which the temperature falls"] = 1.0
    decide: Annotated[
        Decision,
        "argmax of the last logits; mean of pi over the last third; perturbation: least loss with the shift taken "
        "for certain",
    ] = "argmax"
    rank_on: Annotated[RankingSplit, "scenes of decide=perturbation"] = "val"
    rank_batches: Annotated[Count, "how many scenes; each costs a forward pass for each shift of each group"] = 2
