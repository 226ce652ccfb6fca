"""What was measured against a target."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.common.tables import number
from bscnet.viz.markdown import table

Verdicts = Sequence[Mapping[str, Any]]


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


def judged(
    section: str,
    what: str,
    over: Sequence[float],
    under: Sequence[float],
    at_least: float | None = None,
    at_most: float | None = None,
    moonshot: float | None = None,
) -> dict[str, Any]:
    """`ratio_verdict` with what it is about; moonshot: what one may hope for beyond a target, in its direction."""
    found = ratio_verdict(over, under, at_least, at_most)
    reached = None
    if moonshot is not None:
        reached = bool(found["ratio"] >= moonshot if at_most is None else found["ratio"] <= moonshot)
    return {"section": section, "what": what, **found, "moonshot": moonshot, "moonshot_reached": reached}


def met_in_words(rows: Verdicts) -> str:
    """How many targets are met."""
    counted = [row for row in rows if row["missed_by"] is not None]
    return f"{sum(row['missed_by'] == 0 for row in counted)} of {len(counted)} targets are met."


def targets_block(rows: Verdicts, about: str = "", digits: int = 3) -> list[str]:
    """The part of a document that has what `judged` found; about: what has to be known beside the usual."""
    cells = []
    for row in rows:
        ratios = [number(row[key], digits) for key in ("ratio", "ratio_min", "ratio_max")]
        moonshot = "" if row["moonshot"] is None else f"{'<=' if row['target'][0] == '<' else '>='} {row['moonshot']:g}"
        reached = {None: "", True: "yes", False: "no"}[row["moonshot_reached"]]
        words = [row["section"], row["what"], row["target"] or "none", met(row, "{:.1f}".format)]
        cells.append([*words, moonshot, reached, *ratios])
    text = (
        f"{met_in_words(rows)} Ratios of the medians, and the smallest and largest ratio of a round. A target is "
        "missed by the distance to it as a share of it."
    )
    heads = ["target of", "what", "target", "met", "moonshot", "reached", "ratio", "min", "max"]
    return ["## Targets", "", f"{text} {about}".strip(), "", *table(heads, cells, left=6)]


def met(verdict: Mapping[str, Any], percent: Callable[[float], str]) -> str:
    """Whether a target is met, for people; nothing without one. percent: how the miss is written."""
    missed = verdict["missed_by"]
    if missed is None:
        return ""
    return "yes" if missed == 0 else f"no, by {percent(100 * missed)} %"
