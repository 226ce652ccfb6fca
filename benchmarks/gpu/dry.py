"""What a dry run takes from the tests: the simulated device, and scans that need no simulator."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.common.results import ROOT
from benchmarks.gpu import engines


def simulated_device() -> AbstractContextManager[object]:
    """Within it ``cuda`` is a device that the CPU plays."""
    engines.left_out[engines.SPCONV] = "its kernels take no simulated tensors, tests/sparse runs them by themselves"
    found: AbstractContextManager[object] = _fixture("simulated_cuda").simulated_cuda()
    return found


def tiny_scans(folder: Path) -> Path:
    """Two scans in ScanNet's layout, a hand's breadth wide."""
    root: Path = _fixture("scannet_files").write_root(folder, train=1, val=1, points=300)
    return root


def _fixture(name: str) -> Any:
    if (tests := str(ROOT / "tests")) not in sys.path:
        sys.path.append(tests)
    return import_module(f"fixtures.{name}")
