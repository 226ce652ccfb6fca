"""The NEON kernels, compiled for 64-bit ARM and emulated: every value they compute is that of the other kernels."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bscnet import runtime
from fixtures.model_files import ModelParts, random_program
from fixtures.packed_networks import network, seasoned, write_model
from fixtures.site_sets import SHAPES, site_set

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        platform.machine() in ("aarch64", "arm64"),
        reason="this CPU has NEON: the tests of the runtime run these kernels",
    ),
]

ROOT = Path(__file__).resolve().parents[2]
TARGET = "aarch64-linux-gnu"
TOOLS = ("make", f"{TARGET}-gcc", f"{TARGET}-g++", "qemu-aarch64-static")
EMULATOR = ("qemu-aarch64-static", "-L", f"/usr/{TARGET}")
REQUIRED = os.environ.get("BSCNET_REQUIRE_NEON") == "1"
WIDTHS = (8, 16, 24, 32, 48, 64, 72, 112)
NETWORKS = [
    *(("unet", "a1w1", conv, width) for width in WIDTHS for conv in ("plain", "shifted")),
    ("fcn", "a1w1", "shifted", 16),
    *(("unet", "a32w32", conv, width) for conv, width in (("plain", 24), ("shifted", 8), ("shifted", 72))),
]
WHATS = ("real", "bits", "sums")


@pytest.fixture(scope="module")
def build() -> Path:
    """The engine and its unit tests for 64-bit ARM, without warnings; the flags are the Makefile's but for -O2."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        reason = (
            f"the NEON kernels cannot be tested without {', '.join(missing)} "
            "(Debian: apt-get install make g++-aarch64-linux-gnu qemu-user-static)"
        )
        if REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)
    build = ROOT / "build" / f"csrc-{TARGET}"  # kept, so that only what changed is compiled again
    # this may itself run under a make whose variables are not meant for the engine
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "SANITIZE")}
    jobs = os.environ.get("MAX_JOBS") or os.cpu_count() or 1
    make = ["make", "-C", str(ROOT / "csrc"), f"-j{jobs}", "lib", "tests", f"BUILD={build}"]
    done([*make, f"CC={TARGET}-gcc", f"CXX={TARGET}-g++", "CXXFLAGS=-O2"], environment)
    return build


@pytest.fixture(scope="module")
def program(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """trace_cases.c with the engine."""
    program = tmp_path_factory.mktemp("program") / "trace_cases"
    compiler = [f"{TARGET}-gcc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O2"]
    source = Path(__file__).with_name("trace_cases.c")
    library = [f"-L{build}", "-lbscnet", f"-Wl,-rpath,{build}"]
    done([*compiler, f"-I{ROOT}/csrc/include", str(source), *library, "-o", str(program)])
    return program


def done(command: list[str], environment: dict[str, str] | None = None) -> str:
    """What a command prints; the test fails with its message where it does."""
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-4000:]
    return ended.stdout


def opposed(width: int) -> ModelParts:
    """Every activation is +1 and every weight -1: as many bits differ as can, in a full window 27 times the width."""
    description = random_program(0, length=1).description
    kinds = [("real", 0, 3), ("bits", 0, width), ("real", 0, width), ("real", 1, width), ("real", 0, 4)]
    conv = {"op": "conv", "operand": "bits", "in": 1, "bits": -1, "steps": []}
    description["values"] = [list(kind) for kind in kinds]
    description["instructions"] = [
        {**conv, "geometry": "pointwise", "operand": "real", "in": 0, "out": -1, "bits": 1},
        {**conv, "geometry": "submanifold", "out": 2, "shifts": [[0, 0, 0], [0, 1, 0]]},
        {**conv, "geometry": "strided", "out": 3},
        {**conv, "geometry": "pointwise", "operand": "real", "in": 2, "out": 4},
    ]
    description["output"] = 4
    row = (width + 7) // 8
    tensors = {
        "0.weight": np.ones((1, 3, width), np.float32),
        "0.threshold": np.full(width, -np.inf, np.float32),
        "0.flip": np.zeros(row, np.uint8),
        "3.weight": np.ones((1, width, 4), np.float32),
    }
    for place, cells in ((1, 27), (2, 8)):
        tensors[f"{place}.weight"] = np.zeros((cells, width, row), np.uint8)
        tensors[f"{place}.scale"] = np.ones(width, np.float32)
    return ModelParts(description, tensors)


def write_case(path: Path, number: int, *case: Any) -> np.ndarray:
    """Writes the model of a case; returns its sites."""
    if isinstance(case[0], str):
        family, precision, conv, width = case
        alone = site_set("isolated", number, 3)
        alone[:, 0] = 1
        sites = np.concatenate([site_set("random", number, 60), alone])
        net: Any = network(family, m=width, depth=1, precision=precision, conv=conv)
        feats = torch.randn(len(sites), 3)
        write_model(path, seasoned(net, torch.from_numpy(sites), feats))
        return sites
    make, parameter = case
    path.write_bytes(make(parameter).to_bytes())
    return site_set("cube" if make is opposed else SHAPES[number % len(SHAPES)], number, 30)


def random_model(seed: int) -> ModelParts:
    return random_program(seed, levels=1 + seed % 4, max_channels=96)


CASES: list[tuple[Any, ...]] = [
    *NETWORKS,
    *((opposed, width) for width in (*WIDTHS, 80)),
    *((random_model, 9000 + seed) for seed in range(16)),
]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A folder with every case, and what the engine computes for it here."""
    folder = tmp_path_factory.mktemp("cases")
    results, threads = [], torch.get_num_threads()
    torch.set_num_threads(1)  # for so few sites more of them only wait for each other
    for number, case in enumerate(CASES):
        path = folder / f"{number}.safetensors"
        sites = write_case(path, number, *case)
        feats = np.random.default_rng(number).normal(size=(len(sites), 3)).astype(np.float32)
        content = np.int64(len(sites)).tobytes() + sites.tobytes() + feats.tobytes()
        (folder / f"{number}.cloud").write_bytes(content)
        results.append(computed(runtime.load(path, threads=1), sites, feats))
    torch.set_num_threads(threads)
    return folder, results


def computed(session: runtime.Session, sites: np.ndarray, feats: np.ndarray) -> bytes:
    """Logits and trace in the layout of trace_cases.c."""
    logits = session(sites, feats)
    parts = [logits.tobytes()]
    for trace in session.trace(sites, feats):
        place = [trace.instruction, WHATS.index(trace.what), trace.value, trace.level, *trace.data.shape]
        parts += [np.array(place, np.int32).tobytes(), trace.coords.tobytes(), trace.data.tobytes()]
    return b"".join(parts)


@pytest.mark.parametrize("name", ["neon", "scalar"])
def test_kernels_on_arm(name: str, program: Path, wanted: tuple[Path, list[bytes]]) -> None:
    """Networks of every width with and without shifts, binary and real, and random programs: equal to the last bit."""
    folder, results = wanted
    environment = {**os.environ, "BSCNET_IMPLEMENTATION": name}
    said = done([*EMULATOR, str(program), str(folder), str(len(CASES)), name], environment)
    assert said.split() == [name]
    for number, case in enumerate(CASES):
        found = (folder / f"{number}.{name}").read_bytes()
        assert len(found) > 100
        assert found == results[number], difference(case, found, results[number])


def difference(case: tuple[Any, ...], found: bytes, wanted: bytes) -> str:
    """Where two results part, for whoever has to find out why."""
    both = (np.frombuffer(part, np.uint8)[: min(len(found), len(wanted))] for part in (found, wanted))
    places = np.flatnonzero(np.not_equal(*both))
    return f"{case}: {len(places)} bytes of {len(wanted)} differ, from byte {places[:1]}; lengths {len(found)}"


def test_neon_is_what_arm_runs_first(program: Path, wanted: tuple[Path, list[bytes]]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "BSCNET_IMPLEMENTATION"}
    assert done([*EMULATOR, str(program), str(wanted[0]), "0", "none"], environment).split() == ["neon"]


@pytest.mark.parametrize("name", ["neon", "scalar"])
def test_training_on_arm(name: str, build: Path) -> None:
    """The unit tests of training, which ask for what the other kernels give: equal to the last bit."""
    source = (ROOT / "csrc" / "tests" / "test_training.cpp").read_text()
    names = re.findall(r"^TEST\((\w+)\)", source, flags=re.MULTILINE)
    said = done([*EMULATOR, str(build / "unit_tests"), *names], {**os.environ, "BSCNET_IMPLEMENTATION": name})
    assert len(names) >= 5 and said.count("passed ") == len(names) and ", 0 failures" in said
