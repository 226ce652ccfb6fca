"""What the processes of whole networks share: a forward pass, called again and again, and the memory it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt

from benchmarks.common.memory import forget_peak, peak_mb, resident_mb
from benchmarks.common.process import KeepFirst, serve_steps
from benchmarks.runtime.calls import timed_calls


@dataclass(frozen=True)
class Pass:
    """forward: gives the logits. account: what else is told of so many last calls."""

    forward: Callable[[], npt.NDArray[np.floating]]
    account: Callable[[int], dict[str, Any]] = lambda calls: {}


def serve_passes(answers: TextIO, build: Callable[[], Pass], logits_file: str) -> None:
    """Answer every line `step` with the time and the memory of a forward pass.

    Args:
        answers: the stream of the answers.
        build: makes the network; memory counts from its start.
        logits_file: keeps the logits of the first call; "" keeps none.
    """
    before = resident_mb()
    network = build()
    exact = forget_peak()
    keep = KeepFirst(logits_file)

    def step() -> dict[str, Any]:
        ms, calls = timed_calls(lambda: keep(network.forward()))
        memory = {"peak_mb": peak_mb() - before, "peak_exact": exact}
        return {"ms": ms, "calls": calls, **memory, **network.account(calls)}

    serve_steps(answers, step)
