"""What every test shares: fixed seeds, few threads, the two backends, and no silence about a missing engine."""

from __future__ import annotations

import importlib.util
import os
import random
from collections.abc import Iterator
from pathlib import Path

import bscnet.threads  # noqa: F401  # says how idle threads wait, before torch loads

# Read when torch and MinkowskiEngine load, so it has to stand before their first import.
os.environ.setdefault("OMP_NUM_THREADS", str(min(2, os.cpu_count() or 1)))
# Where a CPU has tiles, sums of signs would be rounded otherwise than those of floats, which tests compare to the bit;
# tests/sparse/native/test_tiles.py opens libraries that use them.
os.environ.setdefault("BSCNET_TILES", "off")
os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("WANDB_SILENT", "true")

import numpy as np
import pytest
import torch

# Read when a kernel is defined: without a GPU, Triton's own interpreter runs it.
if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")

ENGINE = importlib.util.find_spec("MinkowskiEngine") is not None
ENGINE_REQUIRED = os.environ.get("BSCNET_REQUIRE_MINKOWSKI") == "1"
TESTS = Path(__file__).parent
LONGEST = (
    "engine/test_sanitizers.py", "packaging/test_wheel.py", "chain/test_whole_chain.py", "engine/test_neon.py",
    "sparse/tiles/test_operators.py", "engine/test_c_programs.py", "training/test_ddp.py", "study/test_runner.py",
    "sweeper/test_chain_sweeper.py", "conf/test_compose.py", "benchmarks/test_gpu.py", "viz/page/test_browser.py",
    "notebooks/test_notebooks.py", "cli/test_evaluate_and_show.py", "sparse/tiles/test_compilation.py",
)  # fmt: skip
"""Files that take a minute and more, about in the order of their length. Processes that share the files begin with
these: one of them begun last would leave the others with nothing to do."""
NO_ENGINE = "MinkowskiEngine is not installed (`bscnet doctor` says how to get it)"


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Every test starts from the same random state, whatever ran before it."""
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def torch_settings() -> Iterator[None]:
    """Give back the global torch switches that a training run turns."""
    deterministic, dtype = torch.are_deterministic_algorithms_enabled(), torch.get_default_dtype()
    yield
    torch.use_deterministic_algorithms(deterministic)
    torch.set_default_dtype(dtype)


@pytest.fixture(params=["torch", "native", pytest.param("minkowski", marks=pytest.mark.minkowski)])
def backend(request: pytest.FixtureRequest) -> str:
    """Each backend's name in turn: a test that takes it runs once on either."""
    return str(request.param)


def pytest_report_header() -> str:
    return f"backends: torch {torch.__version__}, " + ("MinkowskiEngine" if ENGINE else f"no minkowski: {NO_ENGINE}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first. Skip, with the reason, what this machine cannot run; a required engine is never skipped."""
    places = {TESTS / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))
    for item in items:
        if item.get_closest_marker("minkowski") and not ENGINE and not ENGINE_REQUIRED:
            item.add_marker(pytest.mark.skip(reason=NO_ENGINE))
        if item.get_closest_marker("gpu") and not torch.cuda.is_available():
            item.add_marker(pytest.mark.skip(reason="no CUDA device"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly at the end when half of the backends went untested."""
    unseen = [report for report in terminalreporter.stats.get("skipped", []) if NO_ENGINE in str(report.longrepr)]
    if unseen:
        terminalreporter.write_sep("!", f"{len(unseen)} tests of the minkowski backend did NOT run", red=True)
        terminalreporter.write_line(f"{NO_ENGINE}; BSCNET_REQUIRE_MINKOWSKI=1 makes this a failure")
