"""The scores of all chains: a column a row of the table, a colour a fold, a point a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#b279a2")


def figure(found: Mapping[str, Any]) -> Figure:
    """The plot of a whole comparison."""
    return fold_figure(found["rows"], "real lidar, thirds of one block of 18 x 12 m, a point a chain")


def fold_figure(rows: Sequence[Mapping[str, Any]], title: str) -> Figure:
    """Points of every chain's mIoU (fractions) and a bar at each row's mean; the axis starts at zero."""
    figure = Figure(figsize=(1.8 + 1.2 * len(rows), 3.8), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(rows):
        for number, (fold, values) in enumerate(row["fold_values"].items()):
            shift = 0.16 * (number - (len(row["fold_values"]) - 1) / 2)
            label = f"fold {fold}" if place == 0 else None
            axes.plot(
                [place + shift] * len(values),
                [100 * value for value in values],
                "o",
                color=COLOURS[number % len(COLOURS)],
                markersize=5,
                label=label,
            )
        axes.hlines(100 * row["miou"], place - 0.35, place + 0.35, color="black", linewidth=1.2)
    axes.set_xticks(range(len(rows)), [_tick(row) for row in rows])
    axes.set_xlim(-0.6, len(rows) - 0.4)
    axes.set_ylim(0, 100)
    axes.set_ylabel("mIoU on the held-out third, %")
    axes.set_title(title, fontsize=9)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(fontsize=8, ncols=len(COLOURS))
    return figure


def _tick(row: Mapping[str, Any]) -> str:
    seeing = "\n+ height" if row["chains"] and "above_ground" in row["features"] else ""
    return f"{row['method']}{seeing}"
