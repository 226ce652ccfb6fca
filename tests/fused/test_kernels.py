"""The Triton bodies, on a CPU: by Triton's interpreter against the plain bodies, and compiled for two GPUs.

Both in processes of their own, since Triton chooses whether to interpret when it is imported.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
needs_triton = pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="triton is not installed")


def answer(script: str, **variables: str) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    environment["PYTHONPATH"] = os.pathsep.join([str(TESTS), str(TESTS.parent / "src")])
    command = [sys.executable, str(TESTS / "fused" / script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()[-1]


@needs_triton
@pytest.mark.slow
def test_kernels_compute_what_the_plain_bodies_do() -> None:
    """At odd numbers of channels, at one site, over several programs, and there twice the same bits."""
    found = json.loads(answer("interpreted.py", TRITON_INTERPRET="1"))
    assert len(found) > 240
    assert {case: wrong for case, wrong in found.items() if wrong} == {}


@needs_triton
@pytest.mark.slow
def test_kernels_compile(tmp_path: Path) -> None:
    """With every flag on and off, in each form and with each estimator; each kernel for sm_80 and for sm_90."""
    assert int(answer("compiled.py", TRITON_INTERPRET="0", TRITON_CACHE_DIR=str(tmp_path))) == 35 + 10


def test_nothing_imports_triton_before_a_kernel_is_launched() -> None:
    code = "import sys, bscnet.models; print('triton' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
