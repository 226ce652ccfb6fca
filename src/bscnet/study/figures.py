"""The picture of a study: every seed of every arm, or curves where sections differ in one number."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bscnet.study.findings import Section
from bscnet.study.table import Table

_POINT, _MEAN = "#4c78a8", "#222222"


def study_figure(table: Table, sections: Sequence[Section]) -> Figure:
    """Curves over the sections where these are values of one numeric setting, else a panel of points a section."""
    shown = [section for section in sections if section.arms]
    axis = _numeric_axis(table)
    if axis is not None and len(shown) > 1:
        return _curves(axis, shown)
    longest = max((len(section.arms) for section in shown), default=1)
    figure = Figure(figsize=(6.4, max(1, len(shown)) * (1.1 + 0.3 * longest)), layout="constrained")
    panels = figure.subplots(max(1, len(shown)), 1, squeeze=False)[:, 0]
    for axes, section in zip(panels, shown, strict=False):
        _points(axes, section)
    return figure


def _points(axes: Axes, section: Section) -> None:
    names = list(section.arms)
    for place, arm in enumerate(section.arms.values()):
        values = [100 * value for value in arm.miou.values()]
        axes.plot(values, [place] * len(values), "o", color=_POINT, alpha=0.55, markersize=5)
        mean, half = 100 * arm.summary.mean, 100 * (arm.summary.half or 0.0)
        axes.errorbar([mean], [place], xerr=[half], fmt="|", color=_MEAN, markersize=12, capsize=3)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel("val mIoU, %: seeds, mean and 95 % interval")
    axes.set_title(", ".join(section.overrides), fontsize=9)
    axes.grid(axis="x", alpha=0.3)


def _curves(key: str, sections: Sequence[Section]) -> Figure:
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    for name in dict.fromkeys(name for section in sections for name in section.arms):
        found = [(float(_value(section)), section.arms[name]) for section in sections if name in section.arms]
        xs, means = [x for x, _ in found], [100 * arm.summary.mean for _, arm in found]
        halves = [100 * (arm.summary.std or 0.0) for _, arm in found]
        axes.errorbar(xs, means, yerr=halves, marker="o", capsize=3, label=name)
    axes.set_xscale("log", base=2)
    ticks = [float(_value(section)) for section in sections]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set(xlabel=key, ylabel="val mIoU, %: mean ± standard deviation")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure


def _numeric_axis(table: Table) -> str | None:
    """The key of the only setting that sections differ in, where all its values are positive numbers."""
    if len(table.sections) != 1:
        return None
    key, values = next(iter(table.sections.items()))
    try:
        return key if all(float(value) > 0 for value in values) else None
    except ValueError:
        return None


def _value(section: Section) -> str:
    return section.overrides[0].partition("=")[2]
