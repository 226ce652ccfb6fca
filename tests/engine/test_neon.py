"""The NEON kernels, compiled for 64-bit ARM and emulated: every value they compute is that of the other kernels."""

from __future__ import annotations

import os
import platform
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.engine_cases import done, first_choice, require_same_bits

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        platform.machine() in ("aarch64", "arm64"),
        reason="this CPU has NEON: the tests of the runtime run these kernels",
    ),
]

ROOT = Path(__file__).resolve().parents[2]
TARGET = "aarch64-linux-gnu"
TOOLS = (f"{TARGET}-gcc", f"{TARGET}-g++", "qemu-aarch64-static")
EMULATOR = ("qemu-aarch64-static", "-L", f"/usr/{TARGET}")
REQUIRED = os.environ.get("BSCNET_REQUIRE_NEON") == "1"


@pytest.fixture(scope="module")
def build(engine_build: Callable[..., Path]) -> Path:
    """The engine and its unit tests for 64-bit ARM, without warnings."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        reason = (
            f"the NEON kernels cannot be tested without {', '.join(missing)} "
            "(Debian: apt-get install g++-aarch64-linux-gnu qemu-user-static)"
        )
        if REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)
    return engine_build("bscnet", "unit_tests", preset="neon")


@pytest.fixture(scope="module")
def program(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """trace_cases.c with the engine."""
    program = tmp_path_factory.mktemp("program") / "trace_cases"
    compiler = [f"{TARGET}-gcc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O2"]
    source = Path(__file__).with_name("trace_cases.c")
    library = [f"-L{build}", "-lbscnet", f"-Wl,-rpath,{build}"]
    done([*compiler, f"-I{ROOT}/csrc/include", str(source), *library, "-o", str(program)])
    return program


@pytest.mark.parametrize("name", ["neon", "scalar"])
def test_kernels_on_arm(name: str, program: Path, engine_results: tuple[Path, list[bytes]]) -> None:
    """Networks of every width with and without shifts, binary and real, and random programs: equal to the last bit."""
    require_same_bits([*EMULATOR, str(program)], name, *engine_results)


def test_neon_is_what_arm_runs_first(program: Path, engine_results: tuple[Path, list[bytes]]) -> None:
    assert first_choice([*EMULATOR, str(program)], engine_results[0]) == "neon"


@pytest.mark.parametrize("name", ["neon", "scalar"])
def test_training_and_float16_on_arm(name: str, build: Path) -> None:
    """The unit tests of training and of float16, which ask for what the other kernels give: equal to the last bit."""
    sources = [(ROOT / "csrc" / "tests" / f"test_{part}.cpp").read_text() for part in ("training", "half")]
    names = re.findall(r"^TEST\((\w+)\)", "\n".join(sources), flags=re.MULTILINE)
    said = done([*EMULATOR, str(build / "unit_tests"), *names], {**os.environ, "BSCNET_IMPLEMENTATION": name})
    assert len(names) >= 5 and said.count("passed ") == len(names) and ", 0 failures" in said
