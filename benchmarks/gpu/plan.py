"""The parts of a run, in their order: what each finds out, where it is, and how long it may take."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from benchmarks.gpu.setting import Row, Setting


class Part(NamedTuple):
    """One part.

    Attributes:
        title: of its table.
        place: module in this package and function in it, which makes the rows; imported where the part is run, so that
            even a library that does not load is the failure of one part.
        at_least: seconds without which it is not begun.
        at_most: seconds after which it is ended from outside.
    """

    title: str
    place: tuple[str, str]
    at_least: float
    at_most: float

    def function(self) -> Callable[[Setting], Iterable[Row]]:
        """What makes the rows; what it raises is the part's failure."""
        module, name = self.place
        found: Callable[[Setting], Iterable[Row]] = getattr(import_module(f"benchmarks.gpu.{module}"), name)
        return found


PARTS = {
    "device": Part("Device and libraries", ("device", "describe"), 0, 60),
    "compile": Part("Time of the first step, kernels not compiled yet", ("steps", "compile_times"), 20, 150),
    "operators": Part("Operators against float64 on the CPU", ("operators", "check_operators"), 20, 150),
    "steps": Part("Training steps against the CPU", ("steps", "compare_steps"), 20, 90),
    "repeat": Part("The same steps twice", ("steps", "repeat_steps"), 10, 60),
    "precision": Part("Mixed precision", ("steps", "mix_precisions"), 15, 90),
    "chain": Part("A chain by the real command, interrupted and resumed", ("chains", "resumed_chain"), 40, 150),
    "export": Part("The exported network: packed engine against the device", ("chains", "exported_chain"), 10, 60),
    "two devices": Part("Two devices (DDP, NCCL)", ("chains", "two_devices"), 30, 90),
    "speed": Part("Time and memory of a training step", ("speed", "measure_steps"), 20, 600),
}


def rows_file(folder: Path, name: str) -> Path:
    """Where a part leaves its rows, a line of JSON each."""
    return folder / f"{name}.jsonl"
