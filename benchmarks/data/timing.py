"""Two or more ways to do the same work, timed in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from benchmarks.common.turns import counted_rounds


def in_turn(ways: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each way in every round; one round before them is not counted."""

    def timed(work: Callable[[], Any]) -> float:
        begin = time.perf_counter()
        work()
        return 1e3 * (time.perf_counter() - begin)

    return counted_rounds({name: partial(timed, work) for name, work in ways.items()}, rounds)


def row_of(what: str, scene: str, times: Mapping[str, list[float]]) -> dict[str, Any]:
    """A row of the table of scenes: "ours" and, where it is there, "naive"; ratios are naive / ours."""
    ours = statistics.median(times["ours"])
    row: dict[str, Any] = {"what": what, "scene": scene, "times_ms": dict(times), "ours_ms": ours, "per_s": 1e3 / ours}
    if "naive" in times:
        rounds = [a / b for a, b in zip(times["naive"], times["ours"], strict=True)]
        naive = statistics.median(times["naive"])
        row |= {"naive_ms": naive, "naive_per_s": 1e3 / naive, "ratio": naive / ours}
        row |= {"ratio_min": min(rounds), "ratio_max": max(rounds)}
    return row
