"""The processes of cases, and rows from what they answer."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.common.process import Worker
from benchmarks.training.cases import Case, thread_variables


def worker_of(
    case: Case, scene: Path, scores_file: Path | None = None, variables: Mapping[str, str] | None = None
) -> Worker:
    """The process of a case; its log lies beside the scene.

    scores_file: keeps the scores of its first step. variables: of its environment, beside the number of threads.
    """
    words = [case.network, case.variant, case.backend, str(case.threads), str(scene), str(scores_file or "")]
    log = scene.with_name(f"{scene.stem}-{case.stem}.log")
    set_for_it = thread_variables(case.backend, case.threads) | dict(variables or {})
    return Worker(str(case), "benchmarks.training.child", words, log, set_for_it)


def row_of(case: Case, answers: list[dict[str, Any]]) -> dict[str, Any]:
    """A row from all answers, the warm-up first: it counts for the peak of memory alone."""
    steps = [answer["step_ms"] for answer in answers[1:]]
    return {
        **asdict(case),
        "forward_ms": statistics.median(answer["forward_ms"] for answer in answers[1:]),
        "step_ms": statistics.median(steps),
        "step_ms_min": min(steps),
        "step_ms_max": max(steps),
        "steps_ms": steps,
        "peak_mb": max(answer["peak_mb"] for answer in answers),
        "peak_exact": all(answer["peak_exact"] for answer in answers),
    }
