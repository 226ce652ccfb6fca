"""The document about the comparison, its short form, and its plot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from benchmarks.common.chains import missing_note
from benchmarks.quick_rooms.summary import markdown_table
from bscnet.viz.comparison import score_figure


def notes(found: Mapping[str, Any]) -> str:
    """What a reader must know about the table."""
    backends = sorted({backend for row in found["rows"] for backend in row["backends"]})
    commits = sorted({commit for row in found["rows"] for commit in row["commits"]})
    seeds = sorted({seed for row in found["rows"] for seed in row["seeds"]})
    text = (
        f"{'Simulated rooms, not ScanNet' if found['simulated'] else found['data']}: {found['train_scenes']} scenes to "
        f"train on and {found['val_scenes']} to score, voxels of {100 * found['voxel_size']:g} cm, {found['model']}, "
        f"recipe {found['recipe']}, seeds {', '.join(map(str, seeds))}. val mIoU, pixel and mean accuracy of the last "
        "stage's checkpoint: mean ± sample standard deviation over the seeds. OPs = FLOPs + BOPs / 64 of the final "
        "network for a validation scene, in the mean over all of them: executed counts the pairs of the shifted "
        "windows, nominal those of windows centred on their sites. Batch norm, activations and scales are in neither "
        "column. Epochs and time (training and scoring) are those of all stages together. "
        f"Backend: {', '.join(backends)}. Commit: {', '.join(commits)}.\n"
    )
    if before := found.get("before"):
        text = (
            f"{text.rstrip()} Time on {', '.join(before['backends'])}: of the table before this one, commit "
            f"{', '.join(before['commits'])}, not of the same run.\n"
        )
    return text + missing_note(found["missing"])


def summary(found: Mapping[str, Any]) -> str:
    """The short form for the index of the benchmarks."""
    links = "Every seed: [plot](quick_rooms.png), [numbers](quick_rooms.json)."
    return f"{markdown_table(found['rows'], found.get('before'))}\n{notes(found)}\n{links}"


def document(found: Mapping[str, Any]) -> str:
    """The whole Markdown file."""
    return (
        f"# Four methods on the same rooms\n\nMade by `python -m benchmarks.quick_rooms`.\n\n"
        f"{markdown_table(found['rows'], found.get('before'))}\n{notes(found)}\n"
        "![val mIoU of every seed](quick_rooms.png)\n"
    )


def figure(found: Mapping[str, Any]) -> Figure:
    """The plot."""
    scores = {
        row["method"]: [chain["val/miou"] for chain in found["chains"] if chain["method"] == row["method"]]
        for row in found["rows"]
    }
    data = "simulated rooms" if found["simulated"] else found["data"]
    return score_figure(scores, f"{data}, {100 * found['voxel_size']:g} cm, a point a seed")
