"""The kernels of every CPU level that this machine can run: how fast, and that they agree to the last bit."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from benchmarks.common.process import Worker
from benchmarks.common.turns import of_rounds, take_turns
from benchmarks.runtime.models import model_file
from bscnet.runtime.library import implementations

NETWORKS = ("unet_h", "unet_s")
VARIANT = "sfsc"


def measure_implementations(
    scene: dict[str, Any], file: Path, folder: Path, threads: int, rounds: int, seconds: float, display: Progress
) -> list[dict[str, Any]]:
    """A row for each network and implementation on one scene, with `threads`."""
    keys = [(network, name) for network in NETWORKS for name in implementations()]
    workers, logits = {}, {}
    for network, name in keys:
        stem = f"{network}-{name}"
        logits[network, name] = folder / f"{stem}.npy"
        words = [str(model_file(folder, network, VARIANT)), str(file), str(threads), str(logits[network, name])]
        variables = {"BSCNET_IMPLEMENTATION": name}
        worker = Worker(stem, "benchmarks.runtime.session_child", words, folder / f"{stem}.log", variables)
        workers[network, name] = worker
    answers = take_turns(workers, rounds, seconds, display, "implementations")
    rows = []
    for network, name in keys:
        best = np.load(logits[network, keys[0][1]])
        times = [answer["ms"] for answer in answers[network, name][1:]]
        if (ran := answers[network, name][0]["implementation"]) != name:
            raise RuntimeError(f"{name} was asked for and {ran} has run")
        rows.append(
            {
                "scene": scene["scene"],
                "network": network,
                "variant": VARIANT,
                "implementation": name,
                "threads": threads,
                **of_rounds(times),
                "bit_convolutions_ms": statistics.median(a["bit_convolutions_ms"] for a in answers[network, name][1:]),
                "same_bits": bool(np.array_equal(np.load(logits[network, name]), best)),
            }
        )
    return rows
