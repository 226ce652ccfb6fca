"""Steps of whole networks: a process for each case, one turn of every case of a group a round."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from benchmarks.common.engines import TORCH
from benchmarks.common.turns import take_turns
from benchmarks.training.cases import GROUPS, Case, cases_of, threads_in_words
from benchmarks.training.measure import row_of, worker_of

Scores = npt.NDArray[np.floating]


def measure_steps(
    scene: Path,
    networks: Sequence[str],
    threads: Sequence[int],
    rounds: int,
    seconds: float,
    with_engine: bool,
    display: Progress,
) -> list[dict[str, Any]]:
    """Rows of all networks; the largest number of threads comes first."""
    rows = []
    for network in networks:
        twins: dict[str, Scores] = {}  # of the torch backend, by variant
        for count in threads:
            for variants in GROUPS:
                cases = cases_of(network, variants, count, len(threads) == 1, with_engine)
                rows += measure_group(cases, twins, scene, rounds, seconds, display)
    return rows


def measure_group(
    cases: Sequence[Case], twins: dict[str, Scores], scene: Path, rounds: int, seconds: float, display: Progress
) -> list[dict[str, Any]]:
    """Rows of cases that step in turn; `twins` gets the torch backend's scores, and keeps those that it has."""
    if not cases:
        return []
    files = {case: scene.with_name(f"{case.stem}.npy") for case in cases}
    workers = {case: worker_of(case, scene, files[case]) for case in cases}
    variants = ", ".join(dict.fromkeys(case.variant for case in cases))
    what = f"{cases[0].network}, {variants}, {threads_in_words(cases[0].threads)}"
    answers = take_turns(workers, rounds, seconds, display, what)
    scores = {case: np.load(file) for case, file in files.items()}
    for file in files.values():
        file.unlink()
    for case in cases:
        if case.backend == TORCH:
            twins.setdefault(case.variant, scores[case])
    return [row_of(case, answers[case]) | compared(case, scores[case], twins[case.variant]) for case in cases]


def compared(case: Case, scores: Scores, twin: Scores) -> dict[str, float | None]:
    """First scores (N, classes) beside those of the torch backend."""
    difference = None
    if case.variant == "real":  # a rounding error flips no sign there, so the scores themselves can be compared
        difference = float(np.abs(scores - twin).max() / np.abs(twin).max())
    same = float((scores.argmax(1) == twin.argmax(1)).mean())
    return {"same_argmax_as_torch": same, "score_difference_to_torch": difference}
