"""The table for people and its JSON twin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.common.tables import table
from benchmarks.common.verdicts import met
from benchmarks.training.cases import VARIANTS


def _about(report: Mapping[str, Any]) -> str:
    kind = "One simulated room" if report["simulated"] else f"Scene {report['scene']}"
    words = (
        f"{kind} at {100 * report['voxel_size']:g} cm: {report['sites']} sites, {report['neighbours']:.1f} neighbours "
        f"a site (3x3x3, itself included). CPU: {report['cpu']}, threads: {report['threads']}, torch "
        f"{report['torch']}. A step is a sparse tensor made anew (kernel maps included), forward, loss, backward and "
        "Adam. Every row has a process of its own, and the rows of a network step in turn, so that a drift of the "
        f"machine meets all of them. Median, smallest and largest of the counted steps ({report['rounds']}; one more "
        "before them is not counted). Peak memory is what the process takes above libraries and scene. "
    )
    if report["engine_left_out"]:
        return words + f"MinkowskiEngine is left out: {report['engine_left_out']}."
    return words + (
        "`minkowski` is MinkowskiEngine as bscnet runs it, with one OpenBLAS thread in each OpenMP thread; "
        f"as it comes it has {report['threads']} in each. `same arg-max` is the share of points that get the torch "
        "backend's class at equal weights, before the first step, batch norm on the batch's statistics: where a "
        "sum is within rounding of zero its sign can differ, so rows of 1-bit activations need not reach 100 %. "
        "`score difference` is the largest one over the largest score."
    )


def _measured(report: Mapping[str, Any]) -> list[str]:
    heads = ["network", "step", "backend", "forward ms", "step ms", "min", "max", "peak MB"]
    compared = ["same arg-max", "score difference"] if not report["engine_left_out"] else []
    rows = []
    for row in report["rows"]:
        cells = [row["network"], VARIANTS[row["variant"]][2], row["backend"]]
        cells += [f"{row[key]:.0f}" for key in ("forward_ms", "step_ms", "step_ms_min", "step_ms_max", "peak_mb")]
        if compared:
            difference = row["score_difference_to_torch"]
            cells.append(f"{100 * row['same_argmax_as_torch']:.2f} %")
            cells.append("" if difference is None else f"{difference:.1e}")
        rows.append(cells)
    return table([*heads, *compared], rows, left=3)


def _judged(report: Mapping[str, Any]) -> list[str]:
    rows = []
    for verdict in report["verdicts"]:
        ratios = [f"{verdict[key]:.2f}" for key in ("ratio", "ratio_min", "ratio_max")]
        words = [verdict["network"], verdict["what"], verdict["target"] or "none"]
        rows.append([*words, met(verdict, "{:.1f}".format), *ratios])
    return table(["network", "what", "target", "met", "ratio", "min", "max"], rows, left=4)


def markdown(report: Mapping[str, Any]) -> str:
    """The report for people."""
    lines = ["# Training steps", "", "Made by `make bench-training`.", "", _about(report), "", *_measured(report), ""]
    lines += ["Ratios of the medians, and the smallest and largest ratio of a round:", "", *_judged(report)]
    return "\n".join(lines) + "\n"


def summary(report: Mapping[str, Any]) -> str:
    """The short form for the README."""
    kind = "One simulated room" if report["simulated"] else f"Scene {report['scene']}"
    left_out = f" MinkowskiEngine is left out: {report['engine_left_out']}." if report["engine_left_out"] else ""
    about = (
        f"{kind} of {report['sites']:,} sites at {100 * report['voxel_size']:g} cm, {report['cpu']}, "
        f"{report['threads']} thread{'s' * (report['threads'] != 1)}; ratios of median step times, and the smallest "
        f"and largest of a round.{left_out} All times, memory and the check that both backends give the same scores: "
        "[benchmarks/training.md](benchmarks/training.md), made by `make bench-training`. "
        "What was tried: [benchmarks/training_notes.md](benchmarks/training_notes.md)."
    )
    return "\n".join([*_judged(report), "", about])
