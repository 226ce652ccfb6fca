"""The tables for people and their JSON twin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.common.tables import number
from benchmarks.common.verdicts import targets_block
from benchmarks.training.cases import LIBGOMP_SPINS, MODULES, VARIANTS, threads_in_words
from benchmarks.training.growth import CHANNELS, NETWORK, VARIANT
from benchmarks.training.layers import KINDS
from benchmarks.training.neighbour import BSCNET, LIBGOMP
from bscnet.viz.markdown import table

SECTIONS = ("steps", "layers", "fixed", "growth", "neighbour")
Rows = Sequence[Mapping[str, Any]]


def scene_in_words(scene: Mapping[str, Any]) -> str:
    kind = "one simulated room" if scene["simulated"] else f"scene {scene['scene']}"
    return (
        f"{kind} at {100 * scene['voxel_size']:g} cm: {scene['sites']} sites, {scene['neighbours']:.1f} neighbours a "
        "site (3x3x3, itself included)"
    )


def _about(report: Mapping[str, Any]) -> list[str]:
    set_there = ", ".join(f"{name}={value}" for name, value in report["thread_variables"].items()) or "none"
    lines = [
        f"CPU: {report['cpu']} ({', '.join(report['features'])}), {report['cores']} cores; torch {report['torch']}; "
        f"commit {report['commit'] or 'unknown'}. Scene: {scene_in_words(report['scene'])}. Every row has a process of "
        "its own, started in the environment of whoever ran this program, with OMP_NUM_THREADS set to the row's "
        f"threads. Other settings of threads there: {set_there}; idle threads wait by {report['waiting']}. The rows of "
        "a block take turns, so that a drift of the machine meets all of them. A row's first turn is a warm-up; "
        f"{report['rounds']} more are counted, or fewer (at least 2) where they took {report['seconds']:g} s together. "
        "What takes less than 0.2 s is repeated for that long in each turn, of which the median counts. Given are the "
        f"median, smallest and largest of the turns. The run took {report['minutes']:.0f} minutes."
    ]
    if report["quick"]:
        lines += ["", "A quick run: a trial, not a result."]
    lines += [line for missing in report["left_out"] for line in ("", f"Left out: {missing}.")]
    not_run = [name for name in SECTIONS if not report.get(name)]
    if not_run:
        lines += ["", f"Not measured in this run: {', '.join(not_run)}."]
    if not all(row["peak_exact"] for name in ("steps", "fixed") for row in report.get(name, [])):
        lines += ["", "This machine does not let a process forget its peak memory: peaks hold those of the imports."]
    return lines


def _steps(rows: Rows) -> list[str]:
    text = (
        "A step is a sparse tensor made anew (kernel maps included), forward, loss, backward and Adam. `minkowski` is "
        "MinkowskiEngine as bscnet runs it, with one OpenBLAS thread in each OpenMP thread; as it comes it has as many "
        "there as there are threads. Peak memory is what the process takes above libraries and scene, weights and "
        "Adam's numbers included. `same arg-max` is the share of voxels that get the torch backend's class at equal "
        "weights, before the first step, batch norm on the batch's statistics: where a sum is within rounding of zero "
        "its sign can differ, so rows of 1-bit activations need not reach 100 %. `score difference` is the largest one "
        "over the largest score."
    )
    heads = ["network", "step", "backend", "threads", "forward ms", "step ms", "min", "max", "rounds", "peak MB"]
    heads += ["same arg-max", "score difference"]
    cells = []
    for row in rows:
        words = [row["network"], VARIANTS[row["variant"]][2], row["backend"], str(row["threads"])]
        words += [number(row[key]) for key in ("forward_ms", "step_ms", "step_ms_min", "step_ms_max")]
        words += [str(len(row["steps_ms"])), f"{row['peak_mb']:.0f}", f"{100 * row['same_argmax_as_torch']:.2f} %"]
        difference = row["score_difference_to_torch"]
        cells.append([*words, "" if difference is None else f"{difference:.1e}"])
    return ["## Steps", "", text, "", *table(heads, cells, left=3)]


def _layers(rows: Rows, machine: Rows) -> list[str]:
    peak = "; ".join(f"{row['threads']}: {row['float32_gmac_per_s']:.1f}" for row in machine)
    text = (
        "One convolution on the scene's sites, C channels in and out, kernel maps made before; backward is the "
        "gradient of the features and of the weight. Floor: pairs x C² multiply-adds (twice that backward) at the "
        "machine's float32 rate in registers, measured in the same run (10⁹ multiply-adds a second by threads: "
        f"{peak}). `difference` is the largest one of the outputs and of both gradients to the torch backend's, over "
        "the largest number there. spconv's CPU kernels are wrong with more than one thread."
    )
    heads = ["C", "layer", "engine", "threads", "forward ms", "backward ms", "floor ms", "backward floor ms"]
    heads += ["forward / floor", "backward / floor", "difference"]
    cells = [
        [str(row["channels"]), KINDS[row["kind"]], row["engine"], str(row["threads"])]
        + [number(row[key]) for key in ("forward_ms", "backward_ms", "forward_floor_ms", "backward_floor_ms")]
        + [number(row[f"{name}_ms"] / row[f"{name}_floor_ms"]) for name in ("forward", "backward")]
        + [f"{row['difference']:.1e}"]
        for row in rows
    ]
    return ["## One layer", "", text, "", *table(heads, cells, left=3)]


def _fixed(rows: Rows) -> list[str]:
    text = (
        f"{rows[0]['network']}, {VARIANTS[rows[0]['variant']][2]}, {rows[0]['sites']} sites, one thread: next to "
        f"nothing to convolve. `{MODULES}` calls every module of the network by itself, as the first version did, "
        "whose own figure (1330 ms) is of another machine."
    )
    heads = ["backend", "forward ms", "step ms", "min", "max", "rounds", "peak MB"]
    cells = [
        [row["backend"]]
        + [number(row[key]) for key in ("forward_ms", "step_ms", "step_ms_min", "step_ms_max")]
        + [str(len(row["steps_ms"])), f"{row['peak_mb']:.0f}"]
        for row in rows
    ]
    return ["## Fixed cost", "", text, "", *table(heads, cells, left=1)]


def _growth(rows: Rows) -> list[str]:
    text = (
        f"The native backend on synthetic rooms side by side: a step of {NETWORK}, {VARIANTS[VARIANT][2]}, and one "
        f"layer of {CHANNELS} channels, forward and backward, its kernel map made before."
    )
    heads = ["what", "threads", "sites", "ms", "min", "max", "rounds", "ns a site", "peak MB", "bytes a site"]
    cells = [
        [row["what"], str(row["threads"]), str(row["sites"])]
        + [number(row[key]) for key in ("ms", "ms_min", "ms_max")]
        + [str(len(row["times_ms"])), number(row["ns_per_site"])]
        + (
            ["", ""]
            if row["peak_mb"] is None
            else [f"{row['peak_mb']:.0f}", number(2**20 * row["peak_mb"] / row["sites"])]
        )
        for row in rows
    ]
    return ["## Growth", "", text, "", *table(heads, cells, left=1)]


def _neighbour(rows: Rows) -> list[str]:
    first = rows[0]
    text = (
        f"{first['network']}, {VARIANTS[first['variant']][2]}, {threads_in_words(first['threads'])}, alone and beside "
        f"a process that does nothing but take a core. Idle threads wait in {LIBGOMP} way (GOMP_SPINCOUNT "
        f"{LIBGOMP_SPINS}, as where nobody sets it) or in {BSCNET}."
    )
    heads = ["backend", "waiting", "neighbours", "step ms", "min", "max", "rounds"]
    cells = [
        [row["backend"], row["waiting"], str(row["neighbours"])]
        + [number(row[key]) for key in ("step_ms", "step_ms_min", "step_ms_max")]
        + [str(len(row["steps_ms"]))]
        for row in rows
    ]
    return ["## Busy neighbour", "", text, "", *table(heads, cells, left=2)]


def markdown(report: Mapping[str, Any]) -> str:
    """The report for people."""
    blocks = [["# Training steps", "", "Made by `make bench-training`."], _about(report)]
    blocks += [targets_block(report["verdicts"])] if report["verdicts"] else []
    blocks += [_steps(report["steps"])] if report.get("steps") else []
    blocks += [_layers(report["layers"], report["machine"])] if report.get("layers") else []
    blocks += [_fixed(report["fixed"])] if report.get("fixed") else []
    blocks += [_growth(report["growth"])] if report.get("growth") else []
    blocks += [_neighbour(report["neighbour"])] if report.get("neighbour") else []
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"
