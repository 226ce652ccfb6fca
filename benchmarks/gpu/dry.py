"""What a dry run takes from the tests: the simulated device, and scans that need no simulator."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

from benchmarks.common.results import ROOT
from benchmarks.gpu.engines import SPCONV, limit_tuning, missing


def simulated_device() -> AbstractContextManager[object]:
    """Within it ``cuda`` is a device that the CPU plays."""
    device: AbstractContextManager[object] = _fixture("simulated_cuda").simulated_cuda()
    if missing(SPCONV) is None:
        from spconv_triton.pytorch._impl import gemm

        limit_tuning(one=True)
        for name in ("conv_forward", "conv_backward_input", "conv_backward_weight"):
            setattr(gemm, name, _naming(getattr(gemm, name)))
    torch.cuda.Event = WallEvent  # type: ignore[misc, assignment]  # in a process that ends with the dry run
    return device


class WallEvent:
    """Stands in for `torch.cuda.Event`."""

    def __init__(self, enable_timing: bool = False) -> None:
        self.at = 0.0

    def record(self) -> None:
        """Now."""
        self.at = time.perf_counter()

    def synchronize(self) -> None:
        """Nothing is waited for."""

    def elapsed_time(self, end: WallEvent) -> float:
        """Milliseconds from this event to another one."""
        return 1e3 * (end.at - self.at)


def tiny_scans(folder: Path) -> Path:
    """Two scans in ScanNet's layout, a hand's breadth wide."""
    root: Path = _fixture("scannet_files").write_root(folder, train=1, val=1, points=300)
    return root


def _naming(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that finds the simulated device by its name in the backward pass as well."""
    mode = _fixture("simulated_cuda.modes").Naming

    def run(*args: Any, **kwargs: Any) -> Any:
        with mode():
            return function(*args, **kwargs)

    return run


def _fixture(name: str) -> Any:
    if (tests := str(ROOT / "tests")) not in sys.path:
        sys.path.append(tests)
    return import_module(f"fixtures.{name}")
