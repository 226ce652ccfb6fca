"""Whole networks: a process for each case of a network on a scene, in turns; their rows."""

from __future__ import annotations

import statistics
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from benchmarks.common.engines import TORCH
from benchmarks.common.process import Worker
from benchmarks.common.turns import of_rounds, take_turns
from benchmarks.runtime.cases import RUNTIME, Case
from benchmarks.runtime.models import model_file, state_file

PARTS = ("kernel_maps_ms", "bit_convolutions_ms", "real_parts_ms", "rest_ms")
OF_RUNTIME = (*PARTS, "workspace_mb")


def worker_of(case: Case, scene: Path, folder: Path) -> Worker:
    """The process of a case; its logits and log are files of `folder`."""
    logits, log = logits_file(case, folder), folder / f"{case.stem}.log"
    if case.engine == RUNTIME:
        words = [str(model_file(folder, case.network, case.variant)), str(scene), str(case.threads), str(logits)]
        return Worker(str(case), "benchmarks.runtime.session_child", words, log, case.variables())
    words = [case.network, case.variant, case.engine, str(case.threads)]
    words += [str(state_file(folder, case.network, case.variant)), str(scene), str(logits)]
    return Worker(str(case), "benchmarks.runtime.torch_child", words, log, case.variables())


def logits_file(case: Case, folder: Path) -> Path:
    """Where a case leaves its logits."""
    return folder / f"{case.stem}.npy"


def measure(
    cases: list[Case],
    scene: dict[str, Any],
    file: Path,
    folder: Path,
    rounds: int,
    seconds: float,
    display: Progress,
) -> list[dict[str, Any]]:
    """Rows of one network on one scene."""
    workers = {case: worker_of(case, file, folder) for case in cases}
    answers = take_turns(workers, rounds, seconds, display, f"{scene['scene']}, {cases[0].network}")
    logits = {case: np.load(logits_file(case, folder)) for case in cases}
    for case in cases:
        logits_file(case, folder).unlink()
    twins = {case.variant: logits[case] for case in cases if case.engine == TORCH and case.threads > 1}
    twins |= {case.variant: logits[case] for case in cases if case.engine == TORCH and case.variant not in twins}
    return [row_of(case, scene["scene"], answers[case], logits[case], twins[case.variant]) for case in cases]


def row_of(
    case: Case,
    scene: str,
    answers: list[dict[str, Any]],
    logits: npt.NDArray[np.floating],
    twin: npt.NDArray[np.floating],
) -> dict[str, Any]:
    """A row from all answers, the warm-up first, and the logits (N, classes) beside those of the torch backend."""
    counted = answers[1:]
    times = [answer["ms"] for answer in counted]
    row = {
        "scene": scene,
        **asdict(case),
        **of_rounds(times),
        "calls": sum(answer["calls"] for answer in counted),
        "peak_mb": max(answer["peak_mb"] for answer in answers),
        "peak_exact": all(answer["peak_exact"] for answer in answers),
        "same_argmax": float((logits.argmax(1) == twin.argmax(1)).mean()),
        "difference": float(np.abs(logits - twin).max() / np.abs(twin).max()),
    }
    if case.engine == RUNTIME:
        row |= {name: statistics.median(answer[name] for answer in counted) for name in OF_RUNTIME}
    return row
