"""Targets of the training step against what was measured."""

from __future__ import annotations

from typing import Any

from benchmarks.common.engines import ENGINE, ENGINE_AS_IT_COMES, TORCH
from benchmarks.common.verdicts import ratio_verdict
from benchmarks.training.cases import NETWORKS

AT_LEAST_FASTER = 2.0
AT_MOST_DEARER = {"sfsc": 2.5, "search": 3.2}  # times the SSC step of the same precision


def verdicts(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is judged of each network; left out where MinkowskiEngine's rows are missing.

    Ratios on MinkowskiEngine's own steps have no target and are there to compare with.
    """
    steps = {(row["network"], row["variant"], row["backend"]): row["steps_ms"] for row in rows}
    found = []
    for network in NETWORKS:
        for engine in (ENGINE, ENGINE_AS_IT_COMES):
            if (over := steps.get((network, "real", engine))) is not None:
                judged = ratio_verdict(over, steps[network, "real", TORCH], at_least=AT_LEAST_FASTER)
                found.append({"network": network, "what": f"real-valued step: {engine} / torch", **judged})
        for backend in (TORCH, ENGINE):
            for variant, limit in AT_MOST_DEARER.items():
                if (over := steps.get((network, variant, backend))) is not None:
                    at_most = limit if backend == TORCH else None
                    judged = ratio_verdict(over, steps[network, "ssc", backend], at_most=at_most)
                    found.append({"network": network, "what": f"{variant} step / ssc step on {backend}", **judged})
    return found
