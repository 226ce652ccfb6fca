"""Runs side by side: scores over seeds, IoU by class, one run against another scene by scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

import numpy as np
from matplotlib.figure import Figure

Fraction = float | None


def score_figure(scores: Mapping[str, Sequence[float]], title: str) -> Figure:
    """Points of every method's val mIoU (fractions), and a bar at their mean; the axis starts at zero."""
    figure = Figure(figsize=(1.5 + 1.3 * len(scores), 3.6), layout="constrained")
    axes = figure.subplots()
    for place, values in enumerate(scores.values()):
        percent = [100 * value for value in values]
        # side by side, so that equal scores are still seen as several
        places = [place + 0.08 * (number - (len(percent) - 1) / 2) for number in range(len(percent))]
        axes.plot(places, percent, "o", color="#4c78a8", markersize=5)
        axes.hlines(fmean(percent), place - 0.25, place + 0.25, color="black", linewidth=1.2)
    axes.set_xticks(range(len(scores)), list(scores))
    axes.set_xlim(-0.5, len(scores) - 0.5)
    axes.set_ylim(bottom=0)
    axes.set_ylabel("val mIoU, %")
    axes.set_title(title, fontsize=9)
    axes.grid(axis="y", alpha=0.3)
    return figure


def class_figure(iou: Mapping[str, Mapping[str, Fraction]], title: str = "") -> Figure:
    """Bars of each class's IoU (fractions, drawn in %), one a label; classes without IoU anywhere are left out.

    Classes stand in the order of their mean over the labels, the best first.
    """
    known: dict[str, list[float]] = {}
    for rows in iou.values():
        for name, value in rows.items():
            if value is not None:
                known.setdefault(name, []).append(value)
    names = sorted(known, key=lambda name: -float(np.mean(known[name])))
    figure = Figure(figsize=(max(6.0, 1.5 + 0.16 * len(names) * (1 + len(iou))), 3.8), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(iou)
    for place, (label, rows) in enumerate(iou.items()):
        heights = [100 * (rows.get(name) or 0.0) for name in names]
        axes.bar(np.arange(len(names)) + (place - (len(iou) - 1) / 2) * width, heights, width, label=label)
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
    axes.set(ylabel="IoU (%)", title=title)
    axes.legend(frameon=False)
    axes.grid(axis="y", alpha=0.3)
    return figure


def scene_figure(
    first: Mapping[str, Fraction], second: Mapping[str, Fraction], names: tuple[str, str], title: str = ""
) -> Figure:
    """Each scene's mIoU (fractions, drawn in %) of one run against that of another; above the line the second wins."""
    shared = [
        (name, 100 * x, 100 * y) for name, x in first.items() if x is not None and (y := second.get(name)) is not None
    ]
    figure = Figure(figsize=(4.8, 4.6), layout="constrained")
    axes = figure.subplots()
    for name, x, y in shared:
        axes.plot(x, y, "o", color="C0", alpha=0.7)
        if len(shared) <= 20:
            axes.annotate(name, (x, y), textcoords="offset points", xytext=(4, 3), fontsize=7)
    if not shared:
        axes.annotate("no scene in common", (0.5, 0.5), xycoords="axes fraction", ha="center")
    top = max([1.0, *(value for _, x, y in shared for value in (x, y))]) * 1.1
    axes.plot([0, top], [0, top], color="0.6", linewidth=1)
    axes.set(xlim=(0, top), ylim=(0, top), aspect="equal", title=title)
    axes.set(xlabel=f"{names[0]}: mIoU of a scene (%)", ylabel=f"{names[1]}: mIoU of a scene (%)")
    axes.grid(alpha=0.3)
    return figure
