"""A step beside another busy process, by the way in which idle threads wait: libgomp's own and bscnet's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

from rich.progress import Progress

from benchmarks.common.engines import ENGINE, NATIVE
from benchmarks.common.turns import take_turns
from benchmarks.training.cases import LIBGOMP_SPINS, Case
from benchmarks.training.measure import row_of, worker_of

VARIANT = "ssc"
LIBGOMP, BSCNET = "libgomp's own", "bscnet's"
WAYS = {LIBGOMP: {"GOMP_SPINCOUNT": LIBGOMP_SPINS}, BSCNET: {}}
"""How idle threads wait, and what is set in a process's environment for it."""


def measure_neighbour(
    network: str, scene: Path, threads: int, rounds: int, seconds: float, with_engine: bool, display: Progress
) -> list[dict[str, Any]]:
    """Rows of a network's step, alone and beside a process that takes a core, by backend and way of waiting."""
    rows = []
    for neighbours in (0, 1):
        cases = [Case(network, VARIANT, backend, threads) for backend in [NATIVE] + [ENGINE] * with_engine]
        with busy(neighbours):
            workers = {(case, way): worker_of(case, scene, variables=WAYS[way]) for case, way in product(cases, WAYS)}
            answers = take_turns(workers, rounds, seconds, display, f"{neighbours} busy neighbours")
        for case, way in workers:
            rows.append({"waiting": way, "neighbours": neighbours, **row_of(case, answers[case, way])})
    return rows


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """So many processes that do nothing but take a core each."""
    started = [subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()
