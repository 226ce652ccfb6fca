"""Means and paired differences over seeds, and what a question's answer is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

LEVEL = 0.05
"""Of a question's answer, after Holm's correction for all questions of a section; intervals have 1 - LEVEL."""


@dataclass(frozen=True)
class Summary:
    """Values over seeds: how many, mean, sample standard deviation and half of the t-interval (None of one value)."""

    count: int
    mean: float
    std: float | None
    half: float | None


@dataclass(frozen=True)
class Paired:
    """Differences over the seeds that two arms share.

    Attributes:
        summary: of the differences.
        p: of the two-sided paired t-test; None of one difference.
        wins: how many are above 0.
        sign_p: of the two-sided sign test, equal values left out; None where all are equal.
    """

    summary: Summary
    p: float | None
    wins: int
    sign_p: float | None


def summarize(values: Sequence[float]) -> Summary:
    """The summary of one value or more."""
    if len(values) < 2:
        return Summary(len(values), values[0], None, None)
    from scipy import stats

    deviation = stdev(values)
    half = float(stats.t.ppf(1 - LEVEL / 2, len(values) - 1)) * deviation / math.sqrt(len(values))
    return Summary(len(values), fmean(values), deviation, half)


def paired(first: Mapping[int, float], second: Mapping[int, float]) -> Paired | None:
    """first − second over the seeds that both have; None where they share none."""
    differences = [first[seed] - second[seed] for seed in first if seed in second]
    if not differences:
        return None
    from scipy import stats

    summary = summarize(differences)
    p = None
    if summary.std is not None:
        spread = summary.std / math.sqrt(summary.count)
        t = math.inf if spread == 0 else abs(summary.mean) / spread
        p = 1.0 if spread == 0 and summary.mean == 0 else float(2 * stats.t.sf(t, summary.count - 1))
    wins, losses = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
    sign = float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else None
    return Paired(summary, p, wins, sign)


def holm(ps: Sequence[float | None]) -> list[float | None]:
    """Holm's corrected p values, in the given order; None stays None.

    Source: S. Holm, A simple sequentially rejective multiple test procedure, 1979.
    """
    order = sorted((p, place) for place, p in enumerate(ps) if p is not None)
    found: list[float | None] = [None] * len(ps)
    highest = 0.0
    for rank, (p, place) in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p))
        found[place] = highest
    return found


def answer(difference: Paired | None, corrected: float | None) -> str:
    """ "shown", "not shown" or "the other way round", of whether the difference is above 0; "open" without seeds."""
    if difference is None or corrected is None:
        return "open"
    if corrected >= LEVEL:
        return "not shown"
    return "shown" if difference.summary.mean > 0 else "the other way round"
