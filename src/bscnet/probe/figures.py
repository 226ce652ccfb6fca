"""The figures of a probe, drawn from what `bscnet.probe.summary` gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bscnet.probe.gaussian import VARIANTS, gaussian_nmse
from bscnet.probe.operators import CENTRED, FULL, NEAREST, OWN, RANDOM
from bscnet.probe.report import LOW_PASS_RHO

Content = Mapping[str, Any]

_TITLES = {"sign_w": "1-bit weights", "sign_h": "1-bit features", "both": "both"}
_DENSE = {
    OWN: "as it is",
    CENTRED: "windows centred",
    FULL: "d1 all cells present",
    NEAREST: "d2 nearest",
    RANDOM: "d3 by lot",
}
_MARKERS = {OWN: "o", CENTRED: "D", FULL: "s", NEAREST: "^", RANDOM: "v"}
_AXIS = "NMSE"
_NAMED = 6  # layers of an arm that change mIoU most are named


def layer_figure(found: Content) -> Figure:
    """Error of every layer in forward order, an arm a line: 1-bit weights, 1-bit features, both."""
    labels = [one["label"] for one in found["arms"][0]["layers"]]
    figure = Figure(figsize=(2.5 + 0.32 * len(labels), 8.4), layout="constrained")
    rows = figure.subplots(len(VARIANTS), 1, sharex=True, sharey=True)
    for axes, variant in zip(rows, VARIANTS, strict=True):
        for number, arm in enumerate(found["arms"]):
            cells = [one["nmse"][OWN][variant]["raw"] for one in arm["layers"]]
            _line(axes, range(len(labels)), cells, f"C{number}", "o", arm["arm"])
        axes.axhline(float(gaussian_nmse(1, 0.0, 0.0, variant)), color="0.6", linewidth=1, linestyle=":")
        axes.set(ylabel=_AXIS, title=_TITLES[variant])
    rows[0].legend(frameon=False, fontsize=8)
    _name_layers(rows[-1], found["arms"][0])
    return figure


def dense_figure(found: Content) -> Figure:
    """Error with both operands 1-bit of every layer and operator, an arm a panel."""
    arms = found["arms"]
    figure = Figure(figsize=(2.5 + 0.32 * len(arms[0]["layers"]), 1.4 + 2.8 * len(arms)), layout="constrained")
    rows = figure.subplots(len(arms), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, arm in zip(rows, arms, strict=True):
        for number, (operator, name) in enumerate(_DENSE.items()):
            cells = [one["nmse"][operator]["both"]["raw"] for one in arm["layers"]]
            if any(cell["mean"] is not None for cell in cells):
                _line(axes, range(len(cells)), cells, f"C{number}", _MARKERS[operator], name)
        axes.set(ylabel=_AXIS, title=f"{arm['arm']}: both operands 1-bit")
        if axes.lines or axes.containers:
            axes.legend(frameon=False, fontsize=8, ncols=5)
    _name_layers(rows[-1], arms[0])
    return figure


def neighbour_figure(found: Content) -> Figure:
    """Error with both operands 1-bit against the number of present cells: all layers, then level by level.

    Beside them the Gaussian prediction: independent cells, a low-pass kernel, and in the panel of a level the curve of
    the first arm's correlations there (the mean over its layers).
    """
    panels = [name for name in _curves(found["arms"][0]) if any(_has_values(arm, name) for arm in found["arms"])]
    across = min(3, max(1, len(panels)))
    down = max(1, -(-len(panels) // across))
    figure = Figure(figsize=(1.0 + 3.8 * across, 0.6 + 3.2 * down), layout="constrained")
    grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).flatten()
    present = np.array(found["present"])
    for axes, panel in zip(grid, panels, strict=False):
        for number, arm in enumerate(found["arms"]):
            curve = _curves(arm)[panel]
            cells = [{"mean": mean, "std": std} for mean, std in zip(curve["mean"], curve["std"], strict=True)]
            _line(axes, found["present"], cells, f"C{number}", ".", arm["arm"])
        axes.plot(
            present, gaussian_nmse(present, LOW_PASS_RHO, 0.0), color="0.5", linestyle=":", label="independent cells"
        )
        low_pass = gaussian_nmse(present, LOW_PASS_RHO, 1.0)
        axes.plot(present, low_pass, color="0.5", linestyle="--", label=f"low-pass, rho {LOW_PASS_RHO:g}")
        layers = [one for one in found["arms"][0]["layers"] if panel in ("all", f"level {one['level']}")]
        rho, kernel_rho = (float(np.mean([one[name] for one in layers])) for name in ("rho", "kernel_rho"))
        expected = gaussian_nmse(present, np.clip(rho, -1, 1), np.clip(kernel_rho, -1, 1))
        text = f"rho {rho:.2f}, kernel {kernel_rho:.2f}"
        axes.plot(present, expected, color="black", linewidth=1, label="Gaussian, as measured")
        axes.annotate(text, (0.97, 0.04), xycoords="axes fraction", ha="right", fontsize=7)
        axes.set_title("all layers" if panel == "all" else panel, fontsize=9)
        axes.set_xlabel("present cells of 27")
        axes.tick_params(labelbottom=True)
        axes.grid(alpha=0.3)
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    grid[0].set_ylabel(_AXIS)
    grid[0].legend(frameon=False, fontsize=7)
    return figure


def change_figure(found: Content) -> Figure:
    """Change of error (both operands, the mean over layers) against change of mIoU, an arm a point."""
    first = found["arms"][0]["arm"]
    rows = [
        row for row in found["changes"] if row["against"] == first and (row["variant"], row["fit"]) == ("both", "raw")
    ]
    points = [(row["arm"], row["change"], row["miou"]) for row in rows]
    figure, axes = _scatter(f"change against {first}")
    for number, (label, change, miou) in enumerate(points, start=1):
        if change["mean"] is not None and miou["mean"] is not None:
            bars = {"xerr": change["std"], "yerr": None if miou["std"] is None else 100 * miou["std"]}
            axes.errorbar(
                change["mean"], 100 * miou["mean"], fmt="o", color=f"C{number}", capsize=2, label=label, **bars
            )
    axes.plot(0, 0, "o", color="C0", label=first)
    axes.set(xlabel="change of NMSE (both operands, mean over layers)", ylabel="change of mIoU, points")
    axes.legend(frameon=False, fontsize=8)
    return figure


def alone_figure(found: Content) -> Figure:
    """Each layer's error against the change of mIoU when that layer alone is binarized, of the arms that are real."""
    figure, axes = _scatter("one layer binarized, all others real")
    for number, arm in enumerate(found["arms"]):
        points = [
            (one, one["nmse"][OWN]["both"]["raw"]["mean"], one["alone"]["change"]["mean"]) for one in arm["layers"]
        ]
        known = [(one, error, change) for one, error, change in points if None not in (error, change)]
        if not known:
            continue
        errors, changes = [error for _, error, _ in known], [100 * change for _, _, change in known]
        axes.plot(errors, changes, "o", color=f"C{number}", label=arm["arm"], markersize=5)
        for one, error, change in sorted(known, key=lambda point: -abs(point[2]))[:_NAMED]:
            name = f"{one['level']}: {one['label']}"
            axes.annotate(name, (error, 100 * change), textcoords="offset points", xytext=(5, 3), fontsize=7)
    axes.set(xlabel="NMSE of the layer (both operands)", ylabel="change of mIoU, points")
    axes.legend(frameon=False, fontsize=8)
    return figure


def figures(found: Content) -> dict[str, tuple[str, Callable[[Content], Figure]]]:
    """Which figures there are to draw: by stem of the file what it shows, and who draws it."""
    drawn: dict[str, tuple[str, Callable[[Content], Figure]]] = {
        "layers": ("error by layer in forward order", layer_figure),
        "dense": ("dense windows against sparse ones", dense_figure),
        "neighbours": ("error against the number of present cells", neighbour_figure),
    }
    if len(found["arms"]) > 1:
        drawn["change"] = ("change of error against change of mIoU", change_figure)
    if any(one["alone"]["miou"]["mean"] is not None for arm in found["arms"] for one in arm["layers"]):
        drawn["alone"] = ("error of a layer against the change of mIoU when it alone is binarized", alone_figure)
    return drawn


def _scatter(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.subplots()
    axes.axhline(0, color="0.6", linewidth=1)
    axes.set_title(title, fontsize=9)
    axes.grid(alpha=0.3)
    return figure, axes


def _line(
    axes: Axes, places: Sequence[int] | range, cells: Sequence[Content], color: str, marker: str, label: str
) -> None:
    """Values with error bars where they are defined; gaps elsewhere."""
    means = np.array([np.nan if cell["mean"] is None else cell["mean"] for cell in cells])
    bars = np.array([0.0 if cell["std"] is None else cell["std"] for cell in cells])
    axes.errorbar(
        list(places), means, bars, color=color, marker=marker, markersize=4, linewidth=1, elinewidth=0.8, label=label
    )


def _name_layers(axes: Axes, arm: Content) -> None:
    names = [f"{one['level']}: {one['label']}" for one in arm["layers"]]
    axes.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=7)
    for each in axes.figure.axes:
        each.grid(alpha=0.3)


def _curves(arm: Content) -> Content:
    return dict(arm["neighbours"]["both"]["raw"])


def _has_values(arm: Content, panel: str) -> bool:
    return any(value is not None for value in _curves(arm)[panel]["mean"])
