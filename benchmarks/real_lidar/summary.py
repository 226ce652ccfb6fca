"""Rows of the table: a mean over folds of means over seeds, with the spread over either by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from benchmarks.real_lidar.chains import Case, Result

HEIGHT_ONLY = "height alone"


def method_rows(results: Mapping[Case, Result], methods: Sequence[str], folds: Sequence[int]) -> list[dict[str, Any]]:
    """A row for each method and choice of features that has a finished chain in every fold."""
    rows = []
    for features in sorted({case.features for case in results}, key=len):
        for method in methods:
            by_fold = {
                fold: [
                    result
                    for case, result in sorted(results.items(), key=lambda item: item[0].seed)
                    if (case.method, case.features, case.fold) == (method, features, fold)
                ]
                for fold in folds
            }
            if all(by_fold.values()):
                rows.append(_row(method, features, by_fold))
    return rows


def baseline_row(by_fold: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """The row of the height-only classifier from its scores of every fold; it draws nothing, so it has no seeds."""
    scores = list(by_fold.values())
    return {
        "method": HEIGHT_ONLY,
        "features": ["above_ground"],
        "seeds": [],
        "chains": 0,
        **_over_folds({fold: [found["miou"]] for fold, found in by_fold.items()}),
        "acc": fmean(found["acc"] for found in scores),
        "iou": {name: _mean([found["iou"][name] for found in scores]) for name in scores[0]["iou"]},
        "seconds": None,
    }


def _row(method: str, features: Sequence[str], by_fold: Mapping[int, Sequence[Result]]) -> dict[str, Any]:
    every = [result for found in by_fold.values() for result in found]
    return {
        "method": method,
        "features": list(features),
        "seeds": sorted({result.case.seed for result in every}),
        "chains": len(every),
        **_over_folds({fold: [result.miou for result in found] for fold, found in by_fold.items()}),
        "acc": fmean(fmean(result.acc for result in found) for found in by_fold.values()),
        "iou": {
            name: _mean([_mean([result.iou.get(name, math.nan) for result in found]) for found in by_fold.values()])
            for name in every[0].iou
        },
        "seconds": fmean(result.seconds for result in every),
    }


def _over_folds(miou: Mapping[int, Sequence[float]]) -> dict[str, Any]:
    """Mean over folds; standard deviation of the folds' means; mean over folds of that over seeds."""
    means = {fold: fmean(values) for fold, values in miou.items()}
    deviations = [stdev(values) for values in miou.values() if len(values) > 1]
    return {
        "miou": fmean(means.values()),
        "fold_means": means,
        "fold_values": {fold: list(values) for fold, values in miou.items()},
        "std_over_folds": stdev(means.values()) if len(means) > 1 else None,
        "std_over_seeds": fmean(deviations) if deviations else None,
    }


def _mean(values: Sequence[float | None]) -> float | None:
    """Mean of the values that are defined; None where none is."""
    known = [value for value in values if value is not None and not math.isnan(value)]
    return fmean(known) if known else None
