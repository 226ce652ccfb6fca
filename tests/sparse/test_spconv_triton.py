"""The spconv-triton backend against the definitions: the library's own kernels, run by Triton's interpreter."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from bscnet.errors import InputError
from bscnet.sparse import resolve_backend

TESTS = Path(__file__).resolve().parents[1]
ASKED = "backend is 'spconv_triton', but "
INSTALLED = importlib.util.find_spec("spconv_triton") is not None
needs_library = pytest.mark.skipif(not INSTALLED, reason="spconv-triton is not installed")
CONVOLUTIONS = [
    *("cube 1", "cube 3", "cube 5", "some cells", "four shifts", "down", "up", "coarser"),
    *(f"shift {shift}" for shift in product((-1, 0, 1), repeat=3)),
]


@pytest.fixture(scope="module")
def answer() -> dict[str, Any]:
    """What the worker found; a process of its own, since Triton chooses to interpret when it is imported."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "TRITON_INTERPRET": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(map(str, (TESTS, TESTS.parent, TESTS.parent / "src")))
    command = [sys.executable, str(TESTS / "sparse" / "spconv_triton_worker.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


@needs_library
@pytest.mark.slow
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_values_and_gradients_follow_the_definition(answer: dict[str, Any], name: str) -> None:
    value, of_features, of_weight = answer[name]
    assert max(value, of_features, of_weight) < 2e-6


@needs_library
@pytest.mark.slow
@pytest.mark.parametrize("name", ["pool_sum", "pool_max", "unpool"])
def test_pools_are_those_of_the_torch_backend(answer: dict[str, Any], name: str) -> None:
    assert answer[name] == [0.0]


@needs_library
@pytest.mark.slow
def test_precision_follows_torch(answer: dict[str, Any]) -> None:
    assert answer["TF32 at high"] is True and answer["TF32 at highest"] is False
    for dtype in ("torch.float16", "torch.bfloat16"):
        assert answer[f"autocast {dtype}"] == [dtype, "torch.float32", "torch.float32"]
    # Triton's interpreter multiplies the bits of bfloat16 as integers, so only float16 has sums to look at.
    assert 0 < answer["error of torch.float16"][0] < 2e-3
    assert answer["refused"] == "spconv-triton multiplies float32, float16 and bfloat16, not torch.float64"


@needs_library
def test_it_serves_cuda_alone() -> None:
    with pytest.raises(InputError, match=f"{ASKED}spconv-triton computes on CUDA only, not on cpu; use backend=torch"):
        resolve_backend("spconv_triton", "cpu")


@needs_library
def test_it_is_never_taken_unasked() -> None:
    assert resolve_backend("spconv_triton", "cuda") == ("spconv_triton", "asked for")
    assert resolve_backend("auto", "cuda")[0] != "spconv_triton"


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "spconv_triton" else found(name))
    with pytest.raises(InputError, match=r"is not installed \(pip install -e '\.\[spconv_triton\]'\)"):
        resolve_backend("spconv_triton", "cuda")
