"""Training curves of a chain, all its stages side by side, from the CSV files that every stage writes."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from matplotlib.figure import Figure

from bscnet.errors import InputError
from bscnet.runs.layout import metrics_files, stage_directories

Curve = list[tuple[int, float]]

_ROWS = (
    (("train/loss_epoch", "train/loss"), ("val/loss",), "loss"),
    (("val/miou",), (), "val mIoU (%)"),
    (("lr",), (), "learning rate"),
)


def read_curves(stage_dir: str | Path) -> dict[str, Curve]:
    """Every logged quantity of a stage as (epoch, value), epochs ascending.

    A stage that was interrupted has several `csv/version_*/metrics.csv`; where two of them hold the same epoch, the
    later one counts. Of several rows in one epoch the last counts.

    Raises:
        InputError: the stage has no metrics.csv, or one without an epoch column.
    """
    files = metrics_files(Path(stage_dir))
    if not files:
        raise InputError(f"{stage_dir} has no csv/version_*/metrics.csv, so it is not the directory of a trained stage")
    found: dict[str, dict[int, float]] = {}
    for path in files:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            if "epoch" not in (reader.fieldnames or ()):
                raise InputError(f"{path} has no column `epoch`")
            for row in reader:
                for name, text in row.items():
                    if text and row["epoch"] and name not in ("epoch", "step"):
                        found.setdefault(name, {})[int(float(row["epoch"]))] = float(text)
    return {name: sorted(values.items()) for name, values in found.items()}


def chain_curves(chain_dir: str | Path) -> dict[str, dict[str, Curve]]:
    """`read_curves` of every stage directory (stage1, stage2, …) of a chain, in order.

    Raises:
        InputError: there is none.
    """
    stages = stage_directories(Path(chain_dir))
    if not stages:
        raise InputError(f"{chain_dir} has no directories stage1, stage2, …, so it is not the directory of a chain")
    return {path.name: read_curves(path) for path in stages}


def curves_figure(curves: dict[str, dict[str, Curve]], title: str | None = None) -> Figure:
    """A column for each stage, rows for the loss (training and validation), validation mIoU and learning rate.

    Rows share their vertical axis, so stages can be compared.
    """
    figure = Figure(figsize=(1.2 + 4.0 * len(curves), 8.0), layout="constrained")
    if title:
        figure.suptitle(title)
    grid = figure.subplots(len(_ROWS), len(curves), squeeze=False, sharey="row", sharex="col")
    for column, (stage, quantities) in enumerate(curves.items()):
        for row, (first, second, label) in enumerate(_ROWS):
            axes = grid[row][column]
            for names, style in ((first, "-"), (second, "--")):
                name = next((name for name in names if name in quantities), None)
                if name is not None:
                    factor = 100.0 if label.endswith("(%)") else 1.0
                    epochs, values = zip(*quantities[name], strict=True)
                    axes.plot(
                        [epoch + 1 for epoch in epochs],
                        [factor * v for v in values],
                        style,
                        marker=".",
                        label=name.split("/")[0],
                    )
            if second and axes.lines:
                axes.legend(frameon=False)
            if label == "learning rate" and any(_positive(line.get_ydata()) for line in axes.lines):
                axes.set_yscale("log")
            if column == 0:
                axes.set_ylabel(label)
            axes.grid(alpha=0.3)
        grid[0][column].set_title(stage)
        grid[-1][column].set_xlabel("epoch")
    return figure


def _positive(values: object) -> bool:
    return any(math.isfinite(value) and value > 0 for value in list(values))  # type: ignore[call-overload]
