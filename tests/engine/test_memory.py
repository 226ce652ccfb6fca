"""Where memory runs out the C API says so, and goes on."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.model_files import write_model

PROGRAM = """
import ctypes, resource, sys
import numpy as np

library = ctypes.CDLL(sys.argv[1])
library.bscnet_last_error.restype = ctypes.c_char_p
pointer, count = ctypes.c_void_p, ctypes.c_int64
library.bscnet_run.argtypes = [pointer, count, pointer, pointer, ctypes.c_int32, pointer]
model = pointer()
assert library.bscnet_load(sys.argv[2].encode(), ctypes.byref(model)) == 0, library.bscnet_last_error()
threads = int(sys.argv[3])

edge = 100
coords = np.zeros((edge**3, 4), np.int32)
coords[:, 1:] = np.indices((edge,) * 3).reshape(3, -1).T
feats = np.ones((len(coords), 3), np.float32)
logits = np.empty((len(coords), 4), np.float32)

def run(sites):
    return library.bscnet_run(model, sites, coords.ctypes.data, feats.ctypes.data, threads, logits.ctypes.data)

assert run(100) == 0, library.bscnet_last_error()
few = logits[:100].copy()
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (16 << 20),) * 2)
status = run(len(coords))
print(status, library.bscnet_last_error().decode())
assert run(100) == 0, library.bscnet_last_error()
assert (logits[:100] == few).all()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits the address space as Linux does")
@pytest.mark.parametrize("threads", [1, 2])
def test_a_cloud_too_large_for_memory(
    threads: int, library: ctypes.CDLL, engine_build: Callable[..., Path], tmp_path: Path
) -> None:
    model = write_model(tmp_path / "model.safetensors", 3, max_channels=96)
    shared = engine_build("bscnet") / "libbscnet.so"
    command = [sys.executable, "-c", PROGRAM, shared, model, str(threads)]
    # an arena of malloc for each thread would reserve more room before the limit than the cloud needs after it
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout == "3 there is not enough memory for this model and cloud\n"
