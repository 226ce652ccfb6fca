"""What was measured against a target."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from typing import Any


def against(value: float, at_least: float | None = None, at_most: float | None = None) -> dict[str, Any]:
    """The target in words and by how much it is missed, as a share of it: 0 where it is met, None without a target."""
    if at_least is not None:
        return {"target": f">= {at_least:.4g}", "missed_by": max(0.0, 1 - value / at_least)}
    if at_most is not None:
        return {"target": f"<= {at_most:.4g}", "missed_by": max(0.0, value / at_most - 1)}
    return {"target": None, "missed_by": None}


def ratio_verdict(
    over: Sequence[float], under: Sequence[float], at_least: float | None = None, at_most: float | None = None
) -> dict[str, Any]:
    """Ratio of the medians of two lists against a target, if there is one.

    `over[i]` and `under[i]` are of the same round; the smallest and largest ratio of a round are given too (where a
    slow row has fewer rounds, of those that both have).
    """
    ratio = statistics.median(over) / statistics.median(under)
    rounds = [a / b for a, b in zip(over, under, strict=False)]
    return {"ratio": ratio, "ratio_min": min(rounds), "ratio_max": max(rounds), **against(ratio, at_least, at_most)}


def met(verdict: dict[str, Any], percent: Callable[[float], str]) -> str:
    """Whether a target is met, for people; nothing without one. percent: how the miss is written."""
    missed = verdict["missed_by"]
    if missed is None:
        return ""
    return "yes" if missed == 0 else f"no, by {percent(100 * missed)} %"
