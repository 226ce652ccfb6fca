"""The native backend from five thousand to a million sites: rooms side by side, so that only their number grows."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.progress import Progress

from benchmarks.common.engines import NATIVE
from benchmarks.common.process import Worker
from benchmarks.common.turns import of_rounds, take_turns
from benchmarks.training.cases import Case, threads_in_words
from benchmarks.training.layers import layer_worker
from benchmarks.training.measure import worker_of
from benchmarks.training.scene import prepare_rooms

SIZES = (5_000, 20_000, 100_000, 300_000, 1_000_000)
NETWORK, VARIANT = "unet_s", "ssc"
CHANNELS = 32
STEP, LAYER = "step", "layer"


def measure_growth(
    sizes: Sequence[int],
    folder: Path,
    threads: Sequence[int],
    rounds: int,
    seconds: float,
    display: Progress,
    network: str = NETWORK,
) -> list[dict[str, Any]]:
    """Rows of a network's step and of one layer, of each number of threads and sites.

    Sizes take turns, but the numbers of threads and the two kinds do not: the largest sizes fill the memory.
    """
    scenes = {size: folder / f"rooms-{size}.npz" for size in sizes}
    for size, scene in scenes.items():
        prepare_rooms(size, scene)
    rows = []
    for count in threads:
        steps: dict[int, Worker] = {
            size: worker_of(Case(network, VARIANT, NATIVE, count), scene) for size, scene in scenes.items()
        }
        answers = take_turns(steps, rounds, seconds, display, f"growth of a step, {threads_in_words(count)}")
        rows += [row_of(STEP, size, count, answers[size]) for size in sizes]
        layers = {size: layer_worker(NATIVE, count, scene) for size, scene in scenes.items()}
        what, request = f"growth of a layer, {threads_in_words(count)}", f"{CHANNELS} plain"
        answers = take_turns(layers, rounds, seconds, display, what, request)
        rows += [row_of(LAYER, size, count, answers[size]) for size in sizes]
    return rows


def row_of(what: str, sites: int, threads: int, answers: list[dict[str, Any]]) -> dict[str, Any]:
    """A row from all answers, the warm-up first; the peak of memory is a step's alone."""
    if what == STEP:
        times, peak_mb = [answer["step_ms"] for answer in answers[1:]], max(answer["peak_mb"] for answer in answers)
    else:
        times, peak_mb = [answer["forward_ms"] + answer["backward_ms"] for answer in answers[1:]], None
    ms = statistics.median(times)
    return {
        "what": what,
        "sites": sites,
        "threads": threads,
        **of_rounds(times),
        "ns_per_site": 1e6 * ms / sites,
        "peak_mb": peak_mb,
    }
