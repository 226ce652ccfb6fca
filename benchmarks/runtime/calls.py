"""Repeated calls of a forward pass, timed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

AT_LEAST_SECONDS = 0.2


def timed_calls(call: Callable[[], object], enough: float = AT_LEAST_SECONDS) -> tuple[float, int]:
    """Median milliseconds of a call, and how many were counted.

    One call if it takes `enough` seconds by itself; else more until that time is used up, and the first, which finds
    the caches full of other things, does not count.
    """
    times: list[float] = []
    began = time.perf_counter()
    while not times or time.perf_counter() - began < enough:
        start = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[1:] or times), len(times[1:] or times)


def medians(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """The median of each key."""
    return {key: statistics.median(row[key] for row in rows) for key in rows[0]}
