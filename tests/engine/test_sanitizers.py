"""The engine's tests and its fuzz target under AddressSanitizer, UBSan and ThreadSanitizer."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.model_files import write_model

ROOT = Path(__file__).resolve().parents[2]
Build = Callable[..., Path]
WITHOUT_KERNELS = {f"test_{part}.cpp" for part in (
    "json", "safetensors", "description", "reading", "sites", "sorting", "team"
)}  # fmt: skip
"""Unit tests that run the same instructions whichever kernels are chosen."""
MEMORY = "address"
INPUTS = 20_000

pytestmark = pytest.mark.slow


def run(*command: str | Path, implementation: str = "", options: str = "") -> str:
    """What the program prints; a sanitizer's report or a failed check is a failure."""
    environment = {**os.environ, "ASAN_OPTIONS": f"detect_leaks=1:allocator_may_return_null=0:{options}"}
    environment["BSCNET_IMPLEMENTATION"] = implementation
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, f"{implementation}: {done.stdout[-4000:]}{done.stderr[-12000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Small valid models of both versions, from one level to four, with every kind of feature."""
    folder = tmp_path_factory.mktemp("seeds")
    names = ((), ("rgb", "one"), ("height", "intensity"), ("offset", "rgb", "t"), ("t", "intensity", "height"))
    reading = {"units": "cm", "columns": ["x", "y", "z"], "invalid_points": "drop", "labels": [4, -2, 0, 9]}
    return [
        write_model(
            folder / f"{seed}.safetensors",
            seed,
            length=6 + seed % 5,
            levels=1 + seed % 4,
            version=1 + seed % 3 % 2,
            features=names[seed % 5],
            reading={
                **(reading if seed % 2 else {}),
                "scale": {name: [-4, 30] for name in names[seed % 5] if name in ("t", "intensity")},
            },
        )
        for seed in range(15)
    ]


def kernel_tests(printed: str) -> list[str]:
    """Of the unit tests that have run, those which kernels have a part in."""
    sources = sorted((ROOT / "csrc" / "tests").glob("test_*.cpp"))
    assert {path.name for path in sources} > WITHOUT_KERNELS
    names = re.findall(
        r"^TEST\((\w+)\)",
        "\n".join(path.read_text() for path in sources if path.name not in WITHOUT_KERNELS),
        flags=re.MULTILINE,
    )
    return [name for name in names if f"passed {name}\n" in printed]


def check_unit_tests(program: Path, implementations: list[str]) -> None:
    """All tests with the first kernels, those of kernels with the others too."""
    printed = run(program, implementation=implementations[0])
    assert ", 0 failures" in printed
    names = kernel_tests(printed)
    assert "threads_share_a_model" in names and len(names) > 20
    for name in implementations[1:]:
        printed = run(program, *names, implementation=name)
        assert f"\n{len(names)} tests, " in printed and ", 0 failures" in printed


def test_unit_tests_touch_no_foreign_memory(engine_build: Build, implementations: list[str]) -> None:
    check_unit_tests(engine_build("unit_tests", preset=MEMORY) / "unit_tests", implementations)


def test_threads_do_not_race(engine_build: Build, implementations: list[str]) -> None:
    check_unit_tests(engine_build("unit_tests", preset="thread") / "unit_tests", implementations)


def fuzzed(printed: str) -> dict[str, int]:
    return {name: int(count) for name, count in re.findall(r"(refused|loaded|work|runs|labelled) (\d+)", printed)}


def test_mutated_files_are_refused_or_run(engine_build: Build, seeds: list[Path]) -> None:
    driver = engine_build("fuzz_model", preset=MEMORY) / "fuzz_model"
    # files of a few kilobytes and clouds of a few sites: whoever wants more than this at once believed a lie
    counts = fuzzed(run(driver, str(INPUTS), *seeds, options="max_allocation_size_mb=32"))
    assert counts["refused"] + counts["loaded"] == INPUTS + len(seeds)
    # both sides of the door are tried: a mutation that always ends at the checksum would show nothing
    assert counts["refused"] > INPUTS // 2
    assert counts["loaded"] > INPUTS // 10 and counts["work"] < counts["loaded"] // 10
    assert counts["runs"] > INPUTS // 5
    assert counts["labelled"] > INPUTS // 40


def test_mutated_files_with_every_implementation(
    engine_build: Build, implementations: list[str], seeds: list[Path]
) -> None:
    folder = engine_build("fuzz_model", preset=MEMORY)
    for name in implementations[1:]:  # the first is what the test above takes
        assert fuzzed(run(folder / "fuzz_model", str(INPUTS // 10), *seeds, implementation=name))["runs"] > 0


def test_the_fuzz_driver_wants_valid_seeds(engine_build: Build, tmp_path: Path) -> None:
    folder = engine_build("fuzz_model", preset=MEMORY)
    bad = tmp_path / "bad"
    bad.write_bytes(b"no model")
    for arguments in ([], ["10"], ["10", bad]):
        done = subprocess.run([folder / "fuzz_model", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2 and "usage" in done.stderr
