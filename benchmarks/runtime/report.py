"""The tables for people and their JSON twin."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from benchmarks.common.engines import ENGINE_AS_IT_COMES
from benchmarks.common.tables import number
from benchmarks.common.verdicts import targets_block
from benchmarks.runtime.cases import RUNTIME, VARIANTS
from benchmarks.runtime.labelling import PARTS
from bscnet.viz.markdown import table

MB = 2**20


def _about(report: Mapping[str, Any]) -> list[str]:
    lines = [
        f"CPU: {report['cpu']}, {report['cores']} cores; the runtime's kernels: {report['implementation']}; "
        f"torch {report['torch']}. Every row has a process of its own, and the rows of a table's block take turns, so "
        "that a drift of the machine meets all of them. A row's first turn is a warm-up; then come "
        f"{report['rounds']} rounds, or fewer (at least 2) where a row's counted turns took {report['seconds']:g} s "
        "together. A call of less than 0.2 s is repeated for that long in each round, and the round's time is the "
        "median. Given are the median, smallest and largest of the rounds."
    ]
    for missing in report["left_out"]:
        lines += ["", f"Left out: {missing}."]
    if not report["peak_exact"]:
        lines += ["", "This machine does not let a process forget its peak memory: peaks hold those of the imports."]
    return lines


def _scenes(report: Mapping[str, Any]) -> list[str]:
    rows = [
        [
            scene["scene"],
            "simulated scan" if scene["simulated"] else "real, one stereo view of a garage",
            str(scene["points"]),
            str(scene["sites"]),
            f"{scene['neighbours']:.1f}",
        ]
        for scene in report["scenes"]
    ]
    text = "Neighbours of a site are counted in 3x3x3, itself included."
    return ["## Scenes", "", text, "", *table(["scene", "kind", "points", "sites", "neighbours"], rows, left=2)]


def _networks(rows: list[dict[str, Any]]) -> list[str]:
    text = (
        "Forward in eval mode from coordinates and features to logits, kernel maps included; weights of seed 0, batch "
        f"norm with the first scene's statistics, {RUNTIME} and torch with the same weights. `{ENGINE_AS_IT_COMES}` "
        "has as many OpenBLAS threads in each OpenMP thread as there are threads; `minkowski` has one. spconv and "
        "Open3D run the same network, with torch for the pooling that they lack on the CPU; spconv's CPU kernels are "
        "wrong with more than one thread, Open3D looks for the neighbours of a level once and not in every layer. Peak "
        "memory is what the process takes above libraries and scene, weights included. `same arg-max` is the share of "
        "sites whose class is that of the torch backend's network of equal variant; `difference` is the largest one of "
        "the logits over the largest logit."
    )
    heads = ["scene", "network", "variant", "engine", "threads", "ms", "min", "max", "rounds", "peak MB"]
    heads += ["same arg-max", "difference"]
    cells = []
    for row in rows:
        words = [row["scene"], row["network"], VARIANTS[row["variant"]][3], row["engine"], str(row["threads"])]
        words += [number(row[key]) for key in ("ms", "ms_min", "ms_max")]
        words += [str(len(row["times_ms"])), f"{row['peak_mb']:.0f}"]
        words += [f"{100 * row['same_argmax']:.3f} %", f"{row['difference']:.1e}"]
        cells.append(words)
    return ["## Whole networks", "", text, "", *table(heads, cells, left=4)]


def _split(rows: list[dict[str, Any]]) -> list[str]:
    heads = ["scene", "network", "variant", "threads", "kernel maps ms", "bit convolutions ms", "real parts ms"]
    heads += ["rest ms", "engine's own memory MB"]
    keys = ("kernel_maps_ms", "bit_convolutions_ms", "real_parts_ms", "rest_ms")
    cells = [
        [row["scene"], row["network"], VARIANTS[row["variant"]][3], str(row["threads"])]
        + [number(row[key]) for key in (*keys, "workspace_mb")]
        for row in rows
        if row["engine"] == RUNTIME
    ]
    text = "The engine's own account of a forward pass, and the most memory it held for it (weights not included)."
    return ["## Where the runtime's time goes", "", text, "", *table(heads, cells, left=3)]


def _files(rows: list[dict[str, Any]]) -> list[str]:
    heads = ["network", "variant", "float32 weights MB", "file MB", "ratio", "file --half MB", "ratio"]
    cells = [
        [
            row["network"],
            VARIANTS[row["variant"]][3],
            f"{row['float32_bytes'] / MB:.2f}",
            f"{row['file_bytes'] / MB:.2f}",
            f"{row['float32_bytes'] / row['file_bytes']:.1f}",
            f"{row['half_bytes'] / MB:.2f}",
            f"{row['float32_bytes'] / row['half_bytes']:.1f}",
        ]
        for row in rows
    ]
    text = "`float32 weights`: every floating-point tensor of the checkpoint, batch norm's statistics too."
    return ["## Files", "", text, "", *table(heads, cells, left=2)]


def _layers(report: Mapping[str, Any]) -> list[str]:
    machine = "; ".join(
        f"{row['threads']} thread{'s' * (row['threads'] > 1)}: {row['copy_gb_per_s']:.1f} GB/s, "
        f"{row['popcount_gbit_per_s']:.0f} Gbit/s ({row['popcount']})"
        for row in report["machine"]
    )
    text = (
        "A binary layer (convolution, scale, PReLU, shortcut, next signs, whose thresholds are the batch norm) amid "
        f"others of its kind on {report['layers'][0]['scene']}, C channels in and out. Floor: the larger of two. "
        "Memory: real values read and written, signs read and written once, and 4 bytes a site for its 27 neighbours, "
        "at the bandwidth of a copy; counts: pairs x C² bits at the rate of xor + popcount + add on operands in the "
        f"first-level cache. Both rates are measured in the same run ({machine}). `with table`: the floor if a row of "
        "27 indices a site has to be read. MAC: one product of signs."
    )
    heads = ["C", "layer", "threads", "ms", "min", "max", "GMAC/s", "memory floor ms", "counts floor ms", "ms / floor"]
    heads.append("with table")
    cells = [
        [str(row["channels"]), row["variant"].upper(), str(row["threads"])]
        + [number(row[key]) for key in ("ms", "ms_min", "ms_max")]
        + [f"{row['giga_macs_per_s']:.0f}"]
        + [number(row[key]) for key in ("memory_floor_ms", "popcount_floor_ms")]
        + [f"{row['ms'] / row['floor_ms']:.2f}", f"{row['ms'] / row['floor_with_table_ms']:.2f}"]
        for row in report["layers"]
    ]
    return ["## One layer against its floor", "", text, "", *table(heads, cells, left=2)]


def _growth(rows: list[dict[str, Any]]) -> list[str]:
    heads = ["sites", "neighbours", "ms", "min", "max", "rounds", "ns a site", "kernel maps ms"]
    heads += ["engine's own memory MB", "bytes a site", "peak MB"]
    cells = [
        [str(row["sites"]), "" if row["neighbours"] is None else f"{row['neighbours']:.1f}"]
        + [number(row[key]) for key in ("ms", "ms_min", "ms_max")]
        + [str(len(row["times_ms"])), number(row["ns_per_site"]), number(row["kernel_maps_ms"])]
        + [number(row["workspace_mb"]), f"{row['workspace_bytes_per_site']:.0f}", f"{row['peak_mb']:.0f}"]
        for row in rows
    ]
    text = (
        f"{rows[0]['network']}, {VARIANTS[rows[0]['variant']][3]}, {rows[0]['threads']} threads, on synthetic "
        "rooms side by side (rough floors and walls): only their number grows."
    )
    return ["## From ten thousand to ten million sites", "", text, "", *table(heads, cells, left=0)]


def _implementations(rows: list[dict[str, Any]]) -> list[str]:
    heads = ["network", "kernels", "threads", "ms", "min", "max", "bit convolutions ms", "same bits"]
    cells = [
        [row["network"], row["implementation"], str(row["threads"])]
        + [number(row[key]) for key in ("ms", "ms_min", "ms_max", "bit_convolutions_ms")]
        + ["yes" if row["same_bits"] else "no"]
        for row in rows
    ]
    text = f"{VARIANTS[rows[0]['variant']][3]} on {rows[0]['scene']}, each level forced by BSCNET_IMPLEMENTATION."
    return ["## CPU levels", "", text, "", *table(heads, cells, left=2)]


def _labelling(rows: list[dict[str, Any]]) -> list[str]:
    heads = ["scene", "network", "points", "file MB", "ms", "min", "max", *PARTS, "engine alone", "peak MB"]
    cells = [
        [row["scene"], row["network"], f"{row['points']:,}", f"{row['mb']:.1f}"]
        + [number(row[key]) for key in ("ms", "ms_min", "ms_max")]
        + [number(row["parts_ms"][part]) for part in PARTS]
        + [number(statistics.median(row["engine_ms"])), f"{row['peak_mb']:.0f}"]
        for row in rows
    ]
    text = (
        f"What `bscnet predict` does with a binary PLY file that the page cache holds, {rows[0]['threads']} threads of "
        "the engine, milliseconds of each part; the start of Python is not in it. `network` is features, engine and "
        "the best class of every voxel. Points are read three times: for bounds, for voxels and with their labels. "
        "Peak memory is the whole process's."
    )
    return ["## A whole prediction", "", text, "", *table(heads, cells, left=2)]


def markdown(report: Mapping[str, Any]) -> str:
    """The report for people."""
    blocks = [["# Packed runtime", "", "Made by `make bench`."], _about(report)]
    blocks += [_scenes(report)] if report["scenes"] else []
    blocks += [_networks(report["networks"]), _split(report["networks"])] if report.get("networks") else []
    blocks += [_files(report["files"])] if report.get("files") else []
    blocks += [_layers(report)] if report.get("layers") else []
    blocks += [_growth(report["growth"])] if report.get("growth") else []
    blocks += [_implementations(report["implementations"])] if report.get("implementations") else []
    blocks += [_labelling(report["labelling"])] if report.get("labelling") else []
    blocks += (
        [targets_block(report["verdicts"], "The packed side is the SFSC network.", 4)] if report["verdicts"] else []
    )
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"
