"""Builds of the C++ engine apart from Python's, kept in build/ so that only what changed is compiled again."""

from __future__ import annotations

import ctypes
import os
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from bscnet import runtime
from fixtures.engine_cases import CASES, computed, write_case

ROOT = Path(__file__).resolve().parents[2]
Build = Callable[..., Path]


@pytest.fixture(scope="session")
def engine_build() -> Build:
    """``engine_build("lib", "example", sanitize="thread")`` makes those targets and returns their folder."""

    def build(*targets: str, sanitize: str = "") -> Path:
        folder = ROOT / "build" / "-".join(["csrc", *sanitize.split(",")]).rstrip("-")
        jobs = os.environ.get("MAX_JOBS") or os.cpu_count() or 1
        command = ["make", "-C", "csrc", f"-j{jobs}", f"BUILD={folder}", f"SANITIZE={sanitize}", *targets]
        folder.parent.mkdir(exist_ok=True)
        with FileLock(f"{folder}.lock"):  # other test processes build there too
            made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-8000:]
        return folder

    return build


@pytest.fixture(scope="session")
def library(engine_build: Build) -> ctypes.CDLL:
    """The shared library, as a C program gets it."""
    loaded = ctypes.CDLL(str(engine_build("lib") / "libbscnet.so"))
    for name in ("last_error", "implementation", "implementations", "version", "description"):
        getattr(loaded, f"bscnet_{name}").restype = ctypes.c_char_p
    return loaded


@pytest.fixture(scope="session")
def implementations(library: ctypes.CDLL) -> list[str]:
    """Kernels this CPU can run."""
    return str(library.bscnet_implementations().decode()).split(",")


@pytest.fixture(scope="session")
def engine_results(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A folder with every case, and what the engine computes for it here."""
    folder = tmp_path_factory.mktemp("cases")
    results, threads = [], torch.get_num_threads()
    torch.set_num_threads(1)  # for so few sites more of them only wait for each other
    for number, case in enumerate(CASES):
        path = folder / f"{number}.safetensors"
        sites, feats = write_case(path, number, *case)
        content = struct.pack("<q", len(sites)) + sites.tobytes() + feats.tobytes()
        (folder / f"{number}.cloud").write_bytes(content)
        results.append(computed(runtime.load(path, threads=1), sites, feats))
    torch.set_num_threads(threads)
    return folder, results
