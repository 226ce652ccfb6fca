"""The benchmark in short, for the index of the benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.common.engines import ENGINE, ENGINE_AS_IT_COMES, NATIVE, TORCH
from benchmarks.common.tables import number
from benchmarks.common.verdicts import met_in_words
from benchmarks.training.cases import VARIANTS, threads_in_words
from benchmarks.training.report import scene_in_words
from bscnet.viz.markdown import table

PEERS = {"torch": TORCH, "MinkowskiEngine": ENGINE, "as it comes": ENGINE_AS_IT_COMES}


def summary(report: Mapping[str, Any]) -> str:
    """Native's steps with the most threads, and how many times as long and as much memory the others take."""
    threads = report["threads"]
    rows = {
        (row["network"], row["variant"], row["backend"]): row for row in report["steps"] if row["threads"] == threads
    }
    heads = ["network", "step", "native, ms", *(f"{name}: times as long" for name in PEERS)]
    heads += ["MinkowskiEngine: times the memory"]
    cells = []
    for (network, variant, backend), native in rows.items():
        if backend != NATIVE:
            continue
        peers = {name: rows.get((network, variant, peer)) for name, peer in PEERS.items()}
        engine = peers["MinkowskiEngine"]
        cells.append(
            [network, VARIANTS[variant][2], number(native["step_ms"])]
            + ["" if peer is None else number(peer["step_ms"] / native["step_ms"], 2) for peer in peers.values()]
            + ["" if engine is None else number(engine["peak_mb"] / native["peak_mb"], 2)]
        )
    left_out = "".join(f" Left out: {missing}." for missing in report["left_out"])
    about = (
        f"Median steps (kernel maps, forward, loss, backward, Adam) on {scene_in_words(report['scene'])}; "
        f"{report['cpu']}, {threads_in_words(threads)}.{left_out} MinkowskiEngine has one OpenBLAS thread in each "
        f"OpenMP thread; as it comes it has as many as threads. {met_in_words(report['verdicts'])} One thread, memory, "
        "single layers, growth and every target: [benchmarks/training.md](training.md), made by `make "
        "bench-training`. What was tried: [benchmarks/training_notes.md](training_notes.md)."
    )
    return "\n".join([*table(heads, cells, left=2), "", about])
