"""Ways and processes that take turns, so that a drift of the machine meets all of them."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, TypeVar

from rich.progress import Progress

from benchmarks.common.process import Worker

# Threads of the case before still spin for some ten milliseconds before they sleep.
PAUSE_SECONDS = 0.1
AT_LEAST = 2
Key = TypeVar("Key")
Answer = TypeVar("Answer")


def counted_rounds(ways: Mapping[Key, Callable[[], Answer]], rounds: int) -> dict[Key, list[Answer]]:
    """What every way gives in each round; one round before them is not counted."""
    answers: dict[Key, list[Answer]] = {key: [] for key in ways}
    for turn in range(rounds + 1):
        for key, work in ways.items():
            answer = work()
            if turn:
                answers[key].append(answer)
    return answers


def take_turns(
    workers: Mapping[Key, Worker], rounds: int, seconds: float, display: Progress, what: str, request: str = "step"
) -> dict[Key, list[dict[str, Any]]]:
    """Answers of every worker to `request`, the warm-up first; the workers are closed at the end.

    A worker takes part in `rounds` counted rounds, or fewer once its counted turns took `seconds` together (math.inf:
    in all of them), but in AT_LEAST at least.
    """
    answers: dict[Key, list[dict[str, Any]]] = {key: [] for key in workers}
    spent = dict.fromkeys(workers, 0.0)
    task = display.add_task(f"{what}: starting", total=(rounds + 1) * len(workers))
    with ExitStack() as stack:
        for worker in workers.values():
            stack.callback(worker.close)
        for worker in workers.values():
            worker.answer()
        for turn in range(rounds + 1):
            name = f"round {turn} of {rounds}" if turn else "warm-up"
            for key, worker in workers.items():
                if not done(len(answers[key]) - 1, spent[key], seconds):
                    display.update(task, description=f"{what}: {name}, {worker.name}")
                    time.sleep(PAUSE_SECONDS)
                    began = time.perf_counter()
                    answers[key].append(worker.ask(request))
                    spent[key] += (time.perf_counter() - began) * (turn > 0)
                display.advance(task)
    display.update(task, description=what)
    if not display.console.is_terminal:  # nothing is seen of the bars before the end there
        print(f"{what}: done", file=sys.stderr, flush=True)
    return answers


def done(counted: int, spent: float, seconds: float) -> bool:
    """Whether a worker has had its turns."""
    return counted >= AT_LEAST and spent > seconds


def of_rounds(times: Sequence[float]) -> dict[str, Any]:
    """What a row tells of its rounds' milliseconds: median, smallest, largest, and all of them."""
    return {"ms": statistics.median(times), "ms_min": min(times), "ms_max": max(times), "times_ms": list(times)}
