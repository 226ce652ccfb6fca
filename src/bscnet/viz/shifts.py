"""Searched shifts for the eye: as a text table, and how far each level's groups reach."""

from __future__ import annotations

from collections import Counter

from matplotlib.figure import Figure
from rich.table import Table

from bscnet.search import ShiftPlan
from bscnet.viz.layer_names import layer_label

_KINDS = ("centre", "face", "edge", "corner")
_KIND_COLOURS = ("#9aa5b1", "#4c78a8", "#f2a541", "#d1495b")


def shift_level(layer: str) -> int:
    """Level of a layer, from its module path: every `deeper` in it is one level down."""
    return layer.split(".").count("deeper")


def shift_table(plan: ShiftPlan) -> Table:
    """Rich table with a row for each layer: level, and the shift (dx,dy,dz) in voxels of every channel group."""
    table = Table(title="shift (dx,dy,dz) of each channel group, in voxels of the layer's level")
    table.add_column("layer", overflow="fold")
    table.add_column("level", justify="right")
    for group in range(max((len(shifts) for shifts in plan.shifts.values()), default=0)):
        table.add_column(f"group {group + 1}", justify="right", no_wrap=True)
    for layer, shifts in plan.shifts.items():
        label = layer_label(layer).removesuffix(".conv")  # as all of them are
        table.add_row(label, str(shift_level(layer)), *(f"({x:d},{y:d},{z:d})" for x, y, z in shifts))
    return table


def shift_norms(plan: ShiftPlan) -> dict[int, Counter[int]]:
    """For each level, how many groups have |p|_1 = 0 (centre), 1 (face), 2 (edge), 3 (corner); levels ascending."""
    norms: dict[int, Counter[int]] = {}
    for layer, shifts in plan.shifts.items():
        counter = norms.setdefault(shift_level(layer), Counter())
        counter.update(sum(abs(component) for component in shift) for shift in shifts)
    return dict(sorted(norms.items()))


def shift_summary(plan: ShiftPlan) -> str:
    """One line: how many groups of all layers chose a centre, face, edge or corner cell."""
    total = sum(shift_norms(plan).values(), Counter())
    return "cells chosen: " + ", ".join(f"{kind} {total[norm]}" for norm, kind in enumerate(_KINDS))


def shift_figure(plan: ShiftPlan) -> Figure:
    """Stacked bars: the share of each level's groups by |p|_1, with their numbers.

    The dotted lines are the shares of the 27 cells themselves (1, 6, 12, 8), which a search that prefers nothing gives.
    """
    norms = shift_norms(plan)
    figure = Figure(figsize=(1.6 + 0.8 * len(norms), 4.2), layout="constrained")
    axes = figure.subplots()
    places = list(range(len(norms)))
    bottom = [0.0] * len(norms)
    for norm, (kind, colour) in enumerate(zip(_KINDS, _KIND_COLOURS, strict=True)):
        shares = [counter[norm] / counter.total() for counter in norms.values()]
        axes.bar(places, shares, bottom=bottom, color=colour, width=0.8, label=f"{norm} ({kind})")
        for place, counter, share, start in zip(places, norms.values(), shares, bottom, strict=True):
            if counter[norm]:
                axes.text(place, start + share / 2, str(counter[norm]), ha="center", va="center", fontsize=9)
        bottom = [start + share for start, share in zip(bottom, shares, strict=True)]
    for cells in (1, 7, 19):
        axes.axhline(cells / 27, color="black", linewidth=0.8, linestyle=":")
    axes.set_xticks(places, [str(level) for level in norms])
    axes.set_xlabel("level")
    axes.set_ylabel("share of channel groups")
    axes.set_ylim(0, 1)
    figure.legend(title="|p|₁", loc="outside right center", frameon=False)
    return figure
