"""Targets of the training step against what was measured."""

from __future__ import annotations

import statistics
from typing import Any

from bench.cases import ENGINE, ENGINE_AS_IT_COMES, NETWORKS, TORCH

AT_LEAST_FASTER = 2.0
AT_MOST_DEARER = {"sfsc": 2.5, "search": 3.2}  # times the SSC step of the same precision


def verdict(over: list[float], under: list[float], at_least: float | None, at_most: float | None) -> dict[str, Any]:
    """Ratio of the medians of two rows' steps against a target, if there is one.

    `over[i]` and `under[i]` are of the same round; the smallest and largest ratio of a round are given too.
    `missed_by` is the distance to the target as a share of the target, 0 where it is met.
    """
    ratio = statistics.median(over) / statistics.median(under)
    rounds = [a / b for a, b in zip(over, under, strict=True)]
    found = {"ratio": ratio, "ratio_min": min(rounds), "ratio_max": max(rounds)}
    if at_least is not None:
        return {**found, "target": f">= {at_least:g}", "missed_by": max(0.0, 1 - ratio / at_least)}
    if at_most is not None:
        return {**found, "target": f"<= {at_most:g}", "missed_by": max(0.0, ratio / at_most - 1)}
    return {**found, "target": None, "missed_by": None}


def verdicts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is judged of each network; left out where MinkowskiEngine's rows are missing.

    Ratios on MinkowskiEngine's own steps have no target and are there to compare with.
    """
    steps = {(row["network"], row["variant"], row["backend"]): row["steps_ms"] for row in rows}
    found = []
    for network in NETWORKS:
        for engine in (ENGINE, ENGINE_AS_IT_COMES):
            if (over := steps.get((network, "real", engine))) is not None:
                judged = verdict(over, steps[network, "real", TORCH], AT_LEAST_FASTER, None)
                found.append({"network": network, "what": f"real-valued step: {engine} / torch", **judged})
        for backend in (TORCH, ENGINE):
            for variant, limit in AT_MOST_DEARER.items():
                if (over := steps.get((network, variant, backend))) is not None:
                    at_most = limit if backend == TORCH else None
                    judged = verdict(over, steps[network, "ssc", backend], None, at_most)
                    found.append({"network": network, "what": f"{variant} step / ssc step on {backend}", **judged})
    return found
