"""One fused binary layer, in the midst of others, against the machine's floor."""

from __future__ import annotations

import statistics
import time
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from rich.progress import Progress

from benchmarks.common.process import Worker
from benchmarks.common.turns import PAUSE_SECONDS, counted_rounds, of_rounds
from benchmarks.runtime.cases import BINARY
from benchmarks.runtime.layer_model import LAYERS, layer_bytes
from bscnet.search import manual_shifts
from bscnet.sparse.offsets import shifted_columns

WIDTHS = (16, 24, 32, 48, 64, 96, 128)
MASK_BYTES = 4  # a site's 27 neighbours as bits: the least that says which are present
TABLE_BYTES = 27 * 4  # the same as a row of 27 indices


def floor_ms(
    sites: int, pairs: float, channels: int, machine: dict[str, Any], table_bytes: int = MASK_BYTES
) -> dict[str, float]:
    """Milliseconds that a layer takes at least: of memory, and of population counts.

    Memory: real values read and written (float32), signs read and written once, `table_bytes` a site, at the bandwidth
    of a copy. Counts: pairs x C^2 bits at the machine's rate of xor + popcount + add.
    """
    moved = sites * (2 * 4 * channels + 2 * channels / 8 + table_bytes)
    bits = pairs * channels * channels
    return {
        "memory": 1e-6 * moved / machine["copy_gb_per_s"],
        "popcount": 1e-6 * bits / machine["popcount_gbit_per_s"],
    }


def pairs_of(variant: str, pairs: list[int]) -> float:
    """Pairs of sites that a layer's channels see on average, from the pairs of each of 5x5x5 offsets."""
    shifts = manual_shifts("tetra4", 4, 0) if variant == "sfsc" else ((0, 0, 0),)
    return statistics.mean(sum(pairs[cell] for cell in shifted_columns(shift).tolist()) for shift in shifts)


def measure_layers(
    scene: dict[str, Any],
    file: Path,
    folder: Path,
    machine: list[dict[str, Any]],
    rounds: int,
    display: Progress,
    widths: tuple[int, ...] = WIDTHS,
) -> list[dict[str, Any]]:
    """Rows of every width, variant and number of threads on one scene; all take turns in one process."""
    for channels, variant in product(widths, BINARY):
        (folder / f"layer-{channels}-{variant}.safetensors").write_bytes(layer_bytes(channels, variant))
    words = [str(folder), str(file), ",".join(map(str, widths)), str(LAYERS)]
    worker = Worker("the layers", "benchmarks.runtime.layers_child", words, folder / "layers.log")
    kinds = list(product((row["threads"] for row in machine), widths, BINARY))
    task = display.add_task("layers", total=(rounds + 1) * len(kinds))

    def ask(threads: int, channels: int, variant: str) -> float:
        display.update(task, description=f"layers: {channels} channels, {variant}, {threads} threads")
        time.sleep(PAUSE_SECONDS / 10)
        ms = float(worker.ask(f"{channels} {variant} {threads}")["ms"])
        display.advance(task)
        return ms

    try:
        worker.answer()
        times = counted_rounds({kind: partial(ask, *kind) for kind in kinds}, rounds)
    finally:
        worker.close()
    display.update(task, description="layers")
    by_threads = {row["threads"]: row for row in machine}
    return [
        row_of(channels, variant, scene, by_threads[threads], times[threads, channels, variant])
        for threads, channels, variant in kinds
    ]


def row_of(
    channels: int, variant: str, scene: dict[str, Any], machine: dict[str, Any], times: list[float]
) -> dict[str, Any]:
    """A row from the times of all counted rounds."""
    pairs = pairs_of(variant, scene["pairs"])
    floor = floor_ms(scene["sites"], pairs, channels, machine)
    with_table = floor_ms(scene["sites"], pairs, channels, machine, TABLE_BYTES)
    ms = statistics.median(times)
    return {
        "scene": scene["scene"],
        "channels": channels,
        "variant": variant,
        "threads": machine["threads"],
        **of_rounds(times),
        "neighbours": pairs / scene["sites"],
        "memory_floor_ms": floor["memory"],
        "popcount_floor_ms": floor["popcount"],
        "floor_ms": max(floor.values()),
        "floor_with_table_ms": max(with_table.values()),
        "giga_macs_per_s": 1e-6 * pairs * channels * channels / ms,
    }
