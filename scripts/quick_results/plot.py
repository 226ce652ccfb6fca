"""The scores of all chains: a point a seed, a column a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from matplotlib.figure import Figure


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
