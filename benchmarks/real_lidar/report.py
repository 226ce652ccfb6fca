"""The document about the comparison: table, counts of points, and what a reader must know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.common.chains import missing_note
from benchmarks.common.tables import hundredths, plain_table

FACTS = """\
What this shows: float and binary networks trained and scored on real, held-out lidar at block scale; the gap between
them on the points of ONE site, over its thirds and several seeds. What it does not show:

- It is no indoor scene, and no number here can be compared with one on ScanNet.
- The place is very small. A held-out third is 6 x 12 m with one piece of one building, so the spread over the three
  folds says more than the mean.
- A network never meets a held-out point in training, nor a training point when it is scored. The gap keeps apart what
  lies on either side of a cut: the random matrix of the training moves a point along an axis by 0.5 m (rms over the
  pieces), and for 99 % of the points by a standard deviation below 0.83 m. A gap of a receptive field would leave
  nothing to train on: UNET-S sees further than the block is long.
- The labels look machine-made. 1,307 of the 3,737 building points lie above 6 m, in the crowns over the roof (the flat
  roof is at 3.5 to 4 m, the other one rises to 5 m), and no method can be expected to follow them;
  `data.building_ceiling=6.0` ignores them, null counts them.
- Low, medium and high vegetation are height bands in this file, so they are one class here; 25 noise points are
  ignored. There is no colour: the features are the intensity and a point's offset in its voxel. Rows that see the
  height have the height above the ground as one more feature, and `height alone` is a histogram of the classes over
  that height (bins of 0.1 m, the most frequent class of the training part): what a network has to beat.
"""


def rows_table(rows: Sequence[Mapping[str, Any]], folds: Sequence[int], classes: Sequence[str]) -> str:
    """The rows as a Markdown table, scores in percent."""
    head = ["method", "sees height", "chains", "mIoU", *(f"fold {fold}" for fold in folds)]
    head += ["std over folds", "std over seeds", *(f"IoU {name}" for name in classes), "accuracy", "time, s"]
    lines = []
    for row in rows:
        cells = [f"`{row['method']}`" if row["chains"] else row["method"]]
        cells += ["yes" if "above_ground" in row["features"] else "no", str(row["chains"] or "")]
        cells += [hundredths(row["miou"]), *(hundredths(row["fold_means"][fold]) for fold in folds)]
        cells += [hundredths(row["std_over_folds"]), hundredths(row["std_over_seeds"])]
        cells += [*(hundredths(row["iou"].get(name)) for name in classes), hundredths(row["acc"])]
        cells.append("" if row["seconds"] is None else f"{row['seconds']:.0f}")
        lines.append(cells)
    return plain_table(head, lines, left=2)


def points_table(points: Mapping[int, Mapping[str, Any]]) -> str:
    """How many points each fold trains on, loses to the gap, and scores."""
    classes = list(next(iter(points.values()))["held_out_by_class"])
    head = ["fold", "trained on", "lost to the gap", "held out", *(f"held out: {name}" for name in classes)]
    rows = []
    for fold, found in points.items():
        counts = [found["train"], found["gap"], found["held_out"], *found["held_out_by_class"].values()]
        rows.append([str(fold), *(f"{count:,}" for count in counts)])
    return plain_table(head, rows, left=0)


def notes(found: Mapping[str, Any]) -> str:
    """How the numbers came about."""
    ceiling, crop = found["building_ceiling"], found["crop"]
    rule = "all building points count" if ceiling is None else f"building points above {ceiling:g} m are ignored"
    pieces = "placements of the whole part" if crop is None else f"random pieces of {crop:g} m radius"
    text = (
        f"{found['points_total']:,} points, voxels of {100 * found['voxel_size']:g} cm, {found['model']}; every method "
        f"has {found['epochs']} epochs of {found['repeats']} {pieces}, shared by its stages; {rule}. "
        "Scores of the last epoch's checkpoint on every point of the held-out third, of which none is within "
        f"{found['gap']:g} m of a point that was trained on. mIoU, IoU and accuracy in percent: mean over the folds of "
        "the mean over the seeds; std over folds is the sample standard deviation of the three folds' means, std over "
        "seeds that over the seeds of a fold, in the mean over the folds. Time is that of a whole chain on "
        f"{found['threads']} CPU thread(s) of a busy machine. Commit: {', '.join(found['commits'])}.\n"
    )
    return text + missing_note(found["missing"])


def summary(found: Mapping[str, Any]) -> str:
    """The short form for the index: the rows that do not see the height, and what the height alone gives."""
    (alone,) = (row for row in found["rows"] if not row["chains"])
    rows = [row for row in found["rows"] if row["chains"] and "above_ground" not in row["features"]]
    seeds = sorted({seed for row in rows for seed in row["seeds"]})
    scores = ", ".join(f"`{row['method']}` {100 * row['miou']:.1f} %" for row in rows)
    missing = f" {len(found['missing'])} chains are still missing." if found["missing"] else ""
    return (
        f"Held-out mIoU on `real_lidar`, mean over {len(found['points'])} folds and seed{'s' * (len(seeds) > 1)} "
        f"{', '.join(map(str, seeds))}: {scores}, and {100 * alone['miou']:.1f} % by height alone.{missing}"
    )


def document(found: Mapping[str, Any]) -> str:
    """The whole Markdown file."""
    folds = sorted(found["points"])
    classes = list(found["points"][folds[0]]["held_out_by_class"])
    return (
        "# Held-out real lidar\n\nMade by `python -m benchmarks.real_lidar`.\n\n"
        f"{rows_table(found['rows'], folds, classes)}\n{notes(found)}\n{points_table(found['points'])}\n{FACTS}\n"
        f"![mIoU of every fold and seed](real_lidar.png)\n"
    )
