"""Kernels are compiled for GPUs that are not here: that they are real ones, and fit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bscnet.sparse.tiles import available

pytestmark = pytest.mark.skipif(not available(), reason="Triton is not installed")
WORKER = Path(__file__).with_name("compile_worker.py")
TESTS = Path(__file__).parents[2]
SHARED = 99 * 1024  # bytes that a program may have on a consumer's card
SPILLED = 256  # bytes of registers that a thread may have to keep in memory, for the widest products
KERNELS = {
    "convolve",
    "weight_gradient",
    "find_runs",
    "site_keys",
    "link_levels",
    "likeness_keys",
    "tile_entries",
    "entry_tiles",
    "pool_children",
    "pool_max_gradient",
    "copy_parents",
}


def compiled(capability: int, *names: str) -> list[dict[str, Any]]:
    environment = {**os.environ, "TRITON_INTERPRET": "0", "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    command = [sys.executable, str(WORKER), str(capability), *names]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def check(found: list[dict[str, Any]]) -> None:
    assert {kernel["kernel"] for kernel in found} == KERNELS
    for kernel in found:
        assert kernel["cubin"] > 0 and kernel["shared"] <= SHARED and kernel["spilled"] <= SPILLED, kernel


COMMON = ("tf32", "bfloat16", "signs")
OTHERS = ("float32", "float16", "signs tf32", "signs bfloat16", "affine", "affine tf32")


@pytest.mark.slow
@pytest.mark.parametrize("capability, variants", [(80, COMMON + OTHERS), (90, COMMON)], ids=["80", "90"])
def test_kernels_compile_for_a_gpu(capability: int, variants: tuple[str, ...]) -> None:
    """Every kind of product for the older one, in one process: maps and pools are the same for all."""
    found = compiled(capability, *variants)
    check(found)
    products = {(kernel["kernel"], kernel["variant"]) for kernel in found}
    assert products >= {(kernel, name) for kernel in ("convolve", "weight_gradient") for name in variants}
