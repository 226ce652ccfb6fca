"""Builds of the C++ engine apart from Python's, kept in build/ so that only what changed is compiled again."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from bscnet import runtime
from engine_presets import ROOT, built
from fixtures.engine_cases import CASES, computed, write_case

Build = Callable[..., Path]


@pytest.fixture(scope="session")
def engine_build() -> Build:
    """``engine_build("unit_tests", preset="thread")`` makes those targets and returns their folder."""

    def build(*targets: str, preset: str = "release", **options: Mapping[str, str]) -> Path:
        lock = ROOT / "build" / f"csrc-{preset}.lock"
        lock.parent.mkdir(exist_ok=True)
        with FileLock(lock):  # other test processes build there too
            return built(preset, *targets, **options)

    return build


@pytest.fixture(scope="session")
def library(engine_build: Build) -> ctypes.CDLL:
    """The shared library, as a C program gets it."""
    loaded = ctypes.CDLL(str(engine_build("bscnet") / "libbscnet.so"))
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
