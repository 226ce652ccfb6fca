"""Times of all cases: a process for each, one step of every case a round."""

from __future__ import annotations

import math
import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.common.engines import TORCH, openblas_threads, thread_variables
from benchmarks.common.process import Worker
from benchmarks.common.turns import take_turns
from benchmarks.training.cases import NETWORKS, Case, cases_of


class Child(Worker):
    """The process of one case."""

    def __init__(self, case: Case, scene: Path, threads: int) -> None:
        self.case = case
        stem = str(case).replace(", ", "-").replace(" ", "-")
        self.scores_file = scene.with_name(f"{stem}.npy")
        log = scene.with_name(f"{stem}.log")
        words = [case.network, case.variant, case.backend, str(threads), str(scene), str(self.scores_file)]
        super().__init__(str(case), "benchmarks.training.child", words, log, thread_variables(case.backend, threads))


def measure(scene: Path, rounds: int, threads: int, with_engine: bool) -> list[dict[str, Any]]:
    """Rows of the table, network by network, so that the processes of one network alone share the memory."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    rows: list[dict[str, Any]] = []
    with Progress(*columns, console=Console(stderr=True)) as display:
        for network in NETWORKS:
            children = {case: Child(case, scene, threads) for case in cases_of(network, with_engine)}
            answers = take_turns(children, rounds, math.inf, display, network)
            scores = {case: np.load(child.scores_file) for case, child in children.items()}
            for case in children:
                twin = scores[Case(network, case.variant, TORCH)]
                rows.append(row_of(case, threads, answers[case], scores[case], twin))
    return rows


def row_of(
    case: Case, threads: int, answers: list[dict[str, Any]], scores: np.ndarray, torch_scores: np.ndarray
) -> dict[str, Any]:
    """A row from the answers of all steps, the warm-up first, and the first scores (N, classes) of both backends."""
    steps = [answer["step_ms"] for answer in answers[1:]]
    difference = None
    if case.variant == "real":  # a rounding error flips no sign there, so the scores themselves can be compared
        difference = float(np.abs(scores - torch_scores).max() / np.abs(torch_scores).max())
    return {
        **asdict(case),
        "openblas_threads": openblas_threads(case.backend, threads),
        "forward_ms": statistics.median(answer["forward_ms"] for answer in answers[1:]),
        "step_ms": statistics.median(steps),
        "step_ms_min": min(steps),
        "step_ms_max": max(steps),
        "steps_ms": steps,
        "peak_mb": max(answer["peak_mb"] for answer in answers),
        "same_argmax_as_torch": float((scores.argmax(1) == torch_scores.argmax(1)).mean()),
        "score_difference_to_torch": difference,
    }
