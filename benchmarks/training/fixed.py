"""What a step costs where there is next to nothing to convolve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.progress import Progress

from benchmarks.common.engines import ENGINE, NATIVE, TORCH
from benchmarks.common.turns import take_turns
from benchmarks.training.cases import MODULES, Case
from benchmarks.training.measure import row_of, worker_of
from benchmarks.training.scene import prepare_rooms

SITES = 200
VARIANT = "ssc"


def measure_fixed(
    network: str, folder: Path, rounds: int, seconds: float, with_engine: bool, display: Progress
) -> list[dict[str, Any]]:
    """Rows of a network's step on SITES sites, one thread, by every backend and by torch module by module."""
    scene = folder / "few_sites.npz"
    prepare_rooms(SITES, scene)
    backends = [NATIVE, TORCH, MODULES] + [ENGINE] * with_engine
    workers = {case: worker_of(case, scene) for case in (Case(network, VARIANT, name, 1) for name in backends)}
    answers = take_turns(workers, rounds, seconds, display, f"fixed cost of {network}")
    return [{"sites": SITES, **row_of(case, answers[case])} for case in workers]
