"""The tables for people and their JSON twin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.common.tables import number
from benchmarks.common.verdicts import met
from bscnet.evaluation.percent import percent
from bscnet.viz.markdown import table


def _scene_table(rows: list[dict[str, Any]]) -> list[str]:
    heads = ["what", "scene", "points", "voxels", "ours ms", "ours scenes/s", "naive ms", "naive scenes/s"]
    heads += ["times as fast", "min", "max"]
    keys = ("ours_ms", "per_s", "naive_ms", "naive_per_s", "ratio", "ratio_min", "ratio_max")
    cells = [
        [row["what"], row["scene"], *(str(row.get(key, "")) for key in ("points", "voxels"))]
        + [number(row.get(key)) for key in keys]
        for row in rows
    ]
    return table(heads, cells, left=2)


def _format_table(rows: list[dict[str, Any]]) -> list[str]:
    heads = ["what", "cloud", "ours ms", "library ms", "times as fast", "min", "max"]
    keys = ("ours_ms", "naive_ms", "ratio", "ratio_min", "ratio_max")
    return table(heads, [[row["what"], row["scene"], *(number(row[key]) for key in keys)] for row in rows], left=2)


def _labelling_table(rows: list[dict[str, Any]]) -> list[str]:
    parts = ("read", "voxelize", "network", "label points", "write")
    heads = ["points", "file MB", "voxels", "seconds", *parts, "engine MB", "peak MB of the process"]
    cells = [
        [f"{row['points']:,}", number(row["mb"]), str(row["voxels"]), number(row["seconds"])]
        + [number(row["parts"][part]) for part in parts]
        + [number(row["engine_mb"]), number(row["peak_mb"])]
        for row in rows
    ]
    return table(heads, cells, left=0)


def _step_table(rows: list[dict[str, Any]]) -> list[str]:
    heads = ["voxels", "backend", "threads", "workers", "kernel maps from workers", "step ms", "wait ms"]
    heads += ["share waiting", "min", "max"]
    cells = [
        [f"{100 * row['voxel_size']:g} cm", row["backend"], str(row["threads"]), str(row["workers"])]
        + ["yes" if row["prepare"] else "no", number(row["step_ms"]), number(row["wait_ms"])]
        + [percent(row[key]) for key in ("share", "share_min", "share_max")]
        for row in rows
    ]
    return table(heads, cells, left=2)


def _verdict_table(rows: list[dict[str, Any]]) -> list[str]:
    cells = [
        [row["what"], row["target"], met(row, "{:.0f}".format)]
        + [number(row[key]) for key in ("ratio", "ratio_min", "ratio_max")]
        for row in rows
    ]
    return table(["what", "target", "met", "measured", "min", "max"], cells, left=3)


def _about(report: Mapping[str, Any]) -> str:
    left_out = "".join(f" Left out: {words}." for words in report["left_out"])
    return (
        f"CPU: {report['cpu']}, {report['cores']} cores; torch {report['torch']}, NumPy {report['numpy']}. "
        f"**The rooms are simulated**: `room` is a scan of ScanNet's density, `fine room` one for voxels of 2 cm. The "
        f"motorcycle is a real stereo view of a garage.{left_out}"
    )


def markdown(report: Mapping[str, Any]) -> str:
    """The report for people."""
    scenes = (
        f"One thread; files in the page cache; both ways in turn, medians of {report['rounds']} rounds, one more "
        "before them is not counted. Naive: plyfile, and `numpy.unique(axis=0, return_inverse=True)` on floor "
        "coordinates with one `bincount` a channel. Both give the same voxels to the last bit, which is checked first."
    )
    formats = (
        "The same points as a file of each format: `bscnet.clouds.read_cloud` against plyfile, laspy with lazrs, "
        "Open3D, NumPy's `load` and `loadtxt`, all columns, in turn as above. One thread, but for laspy, which unpacks "
        "LAZ with all cores."
    )
    labelling = (
        "`bscnet predict` of LAS files in LAS with all that is in them, UNET-S with two threads, voxels of 25 cm; a "
        "process of its own. The larger file holds the same place, so that it has hardly more voxels: what its points "
        "cost in memory is the difference of the peaks."
    )
    steps = (
        f"FCN-S, real-valued, one scene a step, loss, backward and Adam included, in {report['step_rounds']} rounds of "
        f"{report['step_count']} counted steps each. Waiting is the time until the loader gives the next batch; "
        "without workers it is all of the loading. MinkowskiEngine keeps its kernel maps to itself, in memory that "
        "does not cross processes, so that nothing is prepared for it."
    )
    blocks = [["# Loading data", "", "Made by `make bench-data`.", "", _about(report)]]
    blocks += [["## Scenes a second of one core", "", scenes, "", *_scene_table(report["scenes"])]]
    blocks += [["## Clouds of every format", "", formats, "", *_format_table(report["formats"])]]
    blocks += [["## Labelling large clouds", "", labelling, "", *_labelling_table(report["labelling"])]]
    blocks += [["## Training steps and waiting", "", steps, "", *_step_table(report["steps"])]]
    blocks += [["## Targets", "", *_verdict_table(report["verdicts"])]]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def summary(report: Mapping[str, Any]) -> str:
    """The short form for the index of the benchmarks."""
    rows = [row for row in report["scenes"] if "ratio" in row]
    words = f"{report['cpu']}, one core for each of these; the rooms are simulated. Everything: "
    return "\n".join(
        [
            *_scene_table(rows),
            "",
            f"{words}[benchmarks/data.md](data.md), made by `make bench-data`.",
            "",
            *_verdict_table([row for row in report["verdicts"] if row["what"].startswith("share")]),
        ]
    )
