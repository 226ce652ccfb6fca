"""Searched shifts for the eye: as a text table, and how far each level's groups reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.table import Table

from bscnet.search import ShiftPlan, layer_level
from bscnet.viz.layer_names import layer_label

_KINDS = ("centre", "face", "edge", "corner")


def shift_table(plan: ShiftPlan) -> Table:
    """Rich table with a row for each layer: level, and the shift (dx,dy,dz) in voxels of every channel group."""
    table = Table(title="shift (dx,dy,dz) of each channel group, in voxels of the layer's level")
    table.add_column("layer", overflow="fold")
    table.add_column("level", justify="right")
    for group in range(max((len(shifts) for shifts in plan.shifts.values()), default=0)):
        table.add_column(f"group {group + 1}", justify="right", no_wrap=True)
    for layer, shifts in plan.shifts.items():
        label = layer_label(layer).removesuffix(".conv")  # as all of them are
        table.add_row(label, str(layer_level(layer)), *(f"({x:d},{y:d},{z:d})" for x, y, z in shifts))
    return table


def shift_norms(plan: ShiftPlan) -> dict[int, Counter[int]]:
    """For each level, how many groups have |p|_1 = 0 (centre), 1 (face), 2 (edge), 3 (corner); levels ascending."""
    norms: dict[int, Counter[int]] = {}
    for layer, shifts in plan.shifts.items():
        counter = norms.setdefault(layer_level(layer), Counter())
        counter.update(sum(abs(component) for component in shift) for shift in shifts)
    return dict(sorted(norms.items()))


def shift_summary(plan: ShiftPlan) -> str:
    """One line: how many groups of all layers chose a centre, face, edge or corner cell."""
    total = sum(shift_norms(plan).values(), Counter())
    return "cells chosen: " + ", ".join(f"{kind} {total[norm]}" for norm, kind in enumerate(_KINDS))


def search_summary_text(search: Mapping[str, Any]) -> str:
    """What a plan tells of its search, in two lines: how sure it was, and the orbits of its shifts.

    Args:
        search: `ShiftPlan.search`.
    """
    quantities = {
        "max_pi": "mean max pi",
        "margin": "margin to the runner-up",
        "entropy": "entropy",
        "gradient_signal": "signal of the logits' gradients (noise: 1)",
        "loss_margin": "margin in loss",
    }
    told = [f"{name} {search[key]:.3g}" for key, name in quantities.items() if search.get(key) is not None]
    decided = {True: "decided", False: "NOT decided"}.get(search.get("decided", None), "search")
    orbits = ", ".join(f"{name} {count}" for name, count in search.get("orbits", {}).items())
    return f"{decided} ({search.get('decide', 'argmax')}): {', '.join(told)}\norbits chosen: {orbits}"
