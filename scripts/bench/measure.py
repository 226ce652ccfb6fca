"""Times of all cases: a process for each, one step of every case a round."""

from __future__ import annotations

import statistics
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.cases import NETWORKS, TORCH, Case, cases_of
from bench.process import Worker

# Threads of the case before still spin for some ten milliseconds before they sleep.
PAUSE_SECONDS = 0.1


class Child(Worker):
    """The process of one case."""

    def __init__(self, case: Case, scene: Path, threads: int) -> None:
        self.case = case
        stem = str(case).replace(", ", "-").replace(" ", "-")
        self.scores_file = scene.with_name(f"{stem}.npy")
        variables = {"OMP_NUM_THREADS": str(threads)}
        openblas = case.openblas_threads(threads)
        if openblas is not None:
            variables["OPENBLAS_NUM_THREADS"] = str(openblas)
        words = [case.network, case.variant, case.backend, str(threads), str(scene), str(self.scores_file)]
        super().__init__(str(case), "bench.child", words, scene.with_name(f"{stem}.log"), variables)


def measure(scene: Path, rounds: int, threads: int, with_engine: bool) -> list[dict[str, Any]]:
    """Rows of the table, network by network, so that the processes of one network alone share the memory."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    rows: list[dict[str, Any]] = []
    with Progress(*columns, console=Console(stderr=True)) as display:
        for network in NETWORKS:
            cases = cases_of(network, with_engine)
            task = display.add_task(f"{network}: starting", total=(rounds + 1) * len(cases))
            with ExitStack() as stack:
                children = []
                for case in cases:
                    children.append(Child(case, scene, threads))
                    stack.callback(children[-1].close)
                for child in children:
                    child.answer()
                answers: dict[Case, list[dict[str, Any]]] = {case: [] for case in cases}
                for turn in range(rounds + 1):
                    for child in children:
                        what = f"round {turn} of {rounds}" if turn else "warm-up"
                        display.update(task, description=f"{network}: {what}, {child.case.variant}")
                        time.sleep(PAUSE_SECONDS)
                        answers[child.case].append(child.ask("step"))
                        display.advance(task)
                display.update(task, description=network)
                scores = {child.case: np.load(child.scores_file) for child in children}
            for case in cases:
                twin = scores[Case(network, case.variant, TORCH)]
                rows.append(row_of(case, threads, answers[case], scores[case], twin))
    return rows


def row_of(
    case: Case, threads: int, answers: list[dict[str, Any]], scores: np.ndarray, torch_scores: np.ndarray
) -> dict[str, Any]:
    """A row from the answers of all steps, the warm-up first, and the first scores (P, classes) of both backends."""
    steps = [answer["step_ms"] for answer in answers[1:]]
    difference = None
    if case.variant == "real":  # a rounding error flips no sign there, so the scores themselves can be compared
        difference = float(np.abs(scores - torch_scores).max() / np.abs(torch_scores).max())
    return {
        **asdict(case),
        "openblas_threads": case.openblas_threads(threads),
        "forward_ms": statistics.median(answer["forward_ms"] for answer in answers[1:]),
        "step_ms": statistics.median(steps),
        "step_ms_min": min(steps),
        "step_ms_max": max(steps),
        "steps_ms": steps,
        "peak_mb": max(answer["peak_mb"] for answer in answers),
        "same_argmax_as_torch": float((scores.argmax(1) == torch_scores.argmax(1)).mean()),
        "score_difference_to_torch": difference,
    }
