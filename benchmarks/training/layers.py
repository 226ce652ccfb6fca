"""One convolution with its gradients on a scene's finest level, by every engine, against the machine's float32 rate."""

from __future__ import annotations

import statistics
import time
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from benchmarks.common.engines import ENGINE, NATIVE, TORCH
from benchmarks.common.process import Worker
from benchmarks.common.turns import PAUSE_SECONDS
from benchmarks.runtime.cases import SPCONV
from benchmarks.runtime.layers import pairs_of
from benchmarks.training.cases import thread_variables, threads_in_words

WIDTHS = (16, 32, 64, 128)
KINDS = {
    "plain": "3x3x3",
    "signs": "3x3x3, signs as bits",
    "shifted": "3x3x3, four shifts",
    "composite": "5x5x5",
}
BACKWARD = 2
"""Passes of the forward's arithmetic in both gradients."""


@dataclass(frozen=True)
class Layer:
    """A row: engine, threads, channels in and out, and a key of KINDS."""

    engine: str
    threads: int
    channels: int
    kind: str

    @property
    def request(self) -> str:
        return f"{self.channels} {self.kind}"


def engines(threads: int, with_engine: bool, with_spconv: bool) -> list[tuple[str, int]]:
    """Engines and their threads; spconv's CPU kernels are wrong with more than one."""
    both = sorted({1, threads})
    found = [(NATIVE, count) for count in both] + [(TORCH, 1)]
    found += [(ENGINE, count) for count in both if with_engine]
    return found + [(SPCONV, 1)] * with_spconv


def layer_worker(engine: str, threads: int, scene: Path) -> Worker:
    """The process of an engine; its log lies beside the scene."""
    log = scene.with_name(f"{scene.stem}-layers-{engine}-{threads}.log")
    words, variables = [engine, str(threads), str(scene)], thread_variables(engine, threads)
    name = f"layers, {engine}, {threads_in_words(threads)}"
    return Worker(name, "benchmarks.training.layers_child", words, log, variables)


def measure_layers(
    scene: dict[str, Any],
    file: Path,
    machine: list[dict[str, Any]],
    rounds: int,
    with_engine: bool,
    with_spconv: bool,
    display: Progress,
    widths: tuple[int, ...] = WIDTHS,
) -> list[dict[str, Any]]:
    """Rows of every engine and width; native alone has all kinds. All layers of a width take turns."""
    threads = max(row["threads"] for row in machine)
    workers = {key: layer_worker(*key, file) for key in engines(threads, with_engine, with_spconv)}
    peak = {row["threads"]: row["float32_gmac_per_s"] for row in machine}
    task, rows = display.add_task("layers", total=len(widths)), list[dict[str, Any]]()
    try:
        for worker in workers.values():
            worker.answer()
        for channels in widths:
            twins = {kind: _kept(workers[TORCH, 1], f"{channels} {kind}", file) for kind in KINDS}
            kinds = {key: tuple(KINDS) if key[0] == NATIVE else ("plain",) for key in workers}
            layers = [Layer(*key, channels, kind) for key in workers for kind in kinds[key]]
            kept = {layer: _kept(workers[layer.engine, layer.threads], layer.request, file) for layer in layers}
            answers: dict[Layer, list[dict[str, float]]] = {layer: [] for layer in layers}
            for _, layer in product(range(rounds), layers):
                display.update(task, description=f"layers: {layer.request}, {layer.engine}")
                time.sleep(PAUSE_SECONDS / 10)
                answers[layer].append(workers[layer.engine, layer.threads].ask(layer.request))
            for layer in layers:
                difference = largest_difference(kept[layer], twins[layer.kind])
                rows.append(row_of(layer, scene["pairs"], peak[layer.threads], answers[layer], difference))
            display.advance(task)
    finally:
        for worker in workers.values():
            worker.close()
    display.update(task, description="layers")
    return rows


def _kept(worker: Worker, request: str, scene: Path) -> dict[str, np.ndarray]:
    """What comes out of one pass, which warms up as well."""
    file = scene.with_name("layer.npz")
    worker.ask(f"{request} {file}")
    with np.load(file) as arrays:
        return dict(arrays)


def largest_difference(found: dict[str, np.ndarray], twin: dict[str, np.ndarray]) -> float:
    """Of outputs and both gradients, each over the largest number of its twin."""
    return max(float(np.abs(found[name] - twin[name]).max() / np.abs(twin[name]).max()) for name in twin)


def pairs_of_kind(kind: str, pairs: list[int]) -> float:
    """Pairs of sites that each channel sees on average, from the pairs at each of 5x5x5 offsets."""
    if kind == "composite":
        return sum(pairs)
    return pairs_of("sfsc" if kind == "shifted" else "ssc", pairs)


def row_of(
    layer: Layer, pairs: list[int], gmac_per_s: float, answers: list[dict[str, float]], difference: float
) -> dict[str, Any]:
    """A row from the answers of all counted rounds."""
    row: dict[str, Any] = {**asdict(layer), "difference": difference}
    macs = pairs_of_kind(layer.kind, pairs) * layer.channels**2
    for name, passes in (("forward", 1), ("backward", BACKWARD)):
        times = [answer[f"{name}_ms"] for answer in answers]
        row[f"{name}_ms"], row[f"{name}_times_ms"] = statistics.median(times), times
        row[f"{name}_floor_ms"] = 1e-6 * passes * macs / gmac_per_s
    return row
