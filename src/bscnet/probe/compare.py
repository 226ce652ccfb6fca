"""Differences of error: dense windows against sparse ones in a network, and arm against arm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bscnet.probe.gaussian import VARIANTS
from bscnet.probe.measure import FITS
from bscnet.probe.operators import OPERATORS, OWN
from bscnet.probe.values import ChainValues, Spread, columns, difference, spread

Arms = Mapping[str, Sequence[ChainValues]]


def dense_differences(arms: Arms) -> list[dict[str, Any]]:
    """Each other operator against the layers as they are, on the layers that have both, arm by arm."""
    return [
        {
            "arm": label,
            "operator": operator,
            "variant": variant,
            "fit": fit,
            **_pairs([(one, one) for one in chains], (OWN, operator), variant, fit),
        }
        for label, chains in arms.items()
        for operator in OPERATORS
        for variant in VARIANTS
        for fit in FITS
        if operator != OWN and chains[0].mean(operator, variant, fit).number
    ]


def arm_differences(arms: Arms) -> list[dict[str, Any]]:
    """Every arm against every arm before it: change of error with all operands 1-bit, and of mIoU.

    Chains of the same seed are paired; where no seeds agree, each chain with each.
    """
    labels, found = list(arms), []
    for place, label in enumerate(labels):
        for against in labels[:place]:
            pairs = _seed_pairs(arms[against], arms[label])
            for variant in VARIANTS:
                for fit in FITS:
                    row = _pairs(pairs, (OWN, OWN), variant, fit)
                    miou = spread([second.run.miou - first.run.miou for first, second in pairs])
                    found.append(
                        {"arm": label, "against": against, "variant": variant, "fit": fit, **row, "miou": miou}
                    )
    return found


def _pairs(
    pairs: Sequence[tuple[ChainValues, ChainValues]], operators: tuple[str, str], variant: str, fit: str
) -> dict[str, Any]:
    """NMSE of both sides over the layers that both have, and the difference; spreads as ``spread_over`` says."""
    changes = [difference(first, second, operators, variant, fit) for first, second in pairs]
    sides: list[list[float]] = [[], []]
    layers = []
    for first, second in pairs:
        here, there = first.whole(operators[0], variant, fit), second.whole(operators[1], variant, fit)
        both = (here == here) & (there == there)  # neither is NaN
        layers.append(there - here)
        for side, values in zip(sides, (here, there), strict=True):
            side.append(spread(values[both]).mean)
    change = changes[0] if len(pairs) == 1 else Spread(*spread([one.mean for one in changes])[:2], changes[0].number)
    return {
        "before": spread(sides[0]).mean,
        "after": spread(sides[1]).mean,
        "change": change,
        "raised": int((columns(np.array(layers)) > 0).sum()),
        "lowered": int((columns(np.array(layers)) < 0).sum()),
        "pairs": len(pairs),
        "spread_over": "pairs" if len(pairs) > 1 else "scenes",
    }


def _seed_pairs(first: Sequence[ChainValues], second: Sequence[ChainValues]) -> list[tuple[ChainValues, ChainValues]]:
    every = [(one, other) for one in first for other in second]
    same = [(one, other) for one, other in every if _seed(one) == _seed(other)]
    return same or every


def _seed(one: ChainValues) -> Any:
    return one.run.chain.manifest.facts.get("seed")
