"""The C header, the library's symbols, the unit tests of the engine, and the example in C."""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import bscnet
from bscnet.errors import InputError
from engine_presets import cmake
from fixtures.engine_cases import done
from fixtures.model_files import random_program, write_model
from oracles.labelled_points import label_points
from oracles.packed_program import Interpreter

ROOT = Path(__file__).resolve().parents[2]
HEADERS = ROOT / "csrc" / "include"
EXAMPLE = ROOT / "csrc" / "examples" / "predict.c"
STRICT = ["-pedantic", "-Wall", "-Wextra", "-Werror", "-Wshadow"]
Build = Callable[..., Path]
builds = pytest.mark.slow  # the first to run compiles the engine


@pytest.mark.parametrize("header", ["bscnet.h", "bscnet_training.h"])
@pytest.mark.parametrize("language", ["c -std=c99", "c -std=c11", "c++ -std=c++98", "c++ -std=c++17"])
def test_a_header_compiles_alone(language: str, header: str, tmp_path: Path) -> None:
    name, standard = language.split()
    source = tmp_path / "alone.txt"
    source.write_text(f'#include "{header}"\n' * 2 + "int main(void) { return bscnet_version() == 0; }\n")
    command = ["g++" if name == "c++" else "gcc", "-x", name, standard, *STRICT, f"-I{HEADERS}"]
    if standard == "-std=c++98":  # its <stdint.h> and comments are those of C99 all the same
        command.append("-Wno-long-long")
    made = subprocess.run([*command, "-fsyntax-only", source], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


@builds
def test_the_library_shows_the_headers_and_nothing_else(engine_build: Build) -> None:
    if shutil.which("nm") is None:
        pytest.skip("nm is not installed")
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", engine_build("bscnet") / "libbscnet.so"],
        capture_output=True,
        text=True,
        check=True,
    )
    own = {line.split()[-1] for line in listed.stdout.splitlines()}
    declared = {
        word.split("(")[0].lstrip("*")
        for header in HEADERS.glob("*.h")
        for line in header.read_text().splitlines()
        if line.startswith("BSCNET_API ")
        for word in line.split()
        if word.lstrip("*").startswith("bscnet_") and "(" in word
    }
    assert len(declared) == 43
    assert own == declared


CONSUMER = """
cmake_minimum_required(VERSION 3.21)
project(robot LANGUAGES C)
find_package(bscnet {version} REQUIRED)
add_executable(robot predict.c)
target_link_libraries(robot PRIVATE bscnet::bscnet)
"""


@pytest.fixture(scope="module")
def installed(engine_build: Build, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is installed for C programs, moved after installation."""
    folder = tmp_path_factory.mktemp("installed")
    cmake("--install", str(engine_build("bscnet")), "--prefix", str(folder / "first"))
    return (folder / "first").rename(folder / "second place")


@builds
def test_find_package(installed: Path, tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path)
    version = ".".join(bscnet.__version__.split(".")[:2])
    (tmp_path / "CMakeLists.txt").write_text(CONSUMER.format(version=version))
    folders = ["-S", str(tmp_path), "-B", str(tmp_path / "build")]
    prepare = ["-G", "Ninja", *folders, f"-DCMAKE_PREFIX_PATH={installed}"]
    cmake(*prepare)
    cmake("--build", str(tmp_path / "build"))
    model = write_model(tmp_path / "model.safetensors", 1)
    assert (
        done([str(tmp_path / "build" / "robot"), str(model)], {**os.environ, "BSCNET_IMPLEMENTATION": "scalar"}) == ""
    )
    (tmp_path / "CMakeLists.txt").write_text(CONSUMER.format(version="99.0"))
    with pytest.raises(InputError, match=r"is not compatible with the version requested"):
        cmake(*prepare)


@builds
def test_pkg_config(installed: Path, tmp_path: Path) -> None:
    if shutil.which("pkg-config") is None:
        pytest.skip("pkg-config is not installed")
    (file,) = installed.rglob("bscnet.pc")
    paths = {**os.environ, "PKG_CONFIG_PATH": str(file.parent)}
    assert done(["pkg-config", "--modversion", "bscnet"], paths).strip() == bscnet.__version__
    words = shlex.split(done(["pkg-config", "--cflags", "--libs", "bscnet"], paths))
    (library,) = installed.rglob("libbscnet.so")
    done(["cc", str(EXAMPLE), *words, "-o", str(tmp_path / "robot")])
    model = write_model(tmp_path / "model.safetensors", 1)
    assert done([str(tmp_path / "robot"), str(model)], {**os.environ, "LD_LIBRARY_PATH": str(library.parent)}) == ""


@builds
def test_one_version(library: ctypes.CDLL) -> None:
    assert library.bscnet_version().decode() == bscnet.__version__


@builds
def test_unit_tests_with_every_implementation(engine_build: Build, implementations: list[str]) -> None:
    folder = engine_build("unit_tests")
    for name in implementations:
        run = subprocess.run(
            [folder / "unit_tests"],
            env={**os.environ, "BSCNET_IMPLEMENTATION": name},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0 and ", 0 failures" in run.stdout, f"{name}: {run.stdout[-4000:]}{run.stderr[-4000:]}"


@builds
def test_a_failed_check_fails_the_unit_tests(engine_build: Build) -> None:
    """The unit tests want kernels; without any that can run they have to end badly, and say why."""
    run = subprocess.run(
        [engine_build("unit_tests") / "unit_tests"],
        env={**os.environ, "BSCNET_IMPLEMENTATION": "abacus"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1 and "BSCNET_IMPLEMENTATION is 'abacus'" in run.stdout
    none = subprocess.run([engine_build("unit_tests") / "unit_tests", "no_such_test"], capture_output=True, check=False)
    assert none.returncode == 1


@builds
def test_unknown_kernels_are_an_error_of_loading(engine_build: Build, tmp_path: Path) -> None:
    model = write_model(tmp_path / "model.safetensors", 0)
    environment = {**os.environ, "BSCNET_IMPLEMENTATION": "abacus"}
    command = [engine_build("predict") / "predict", model]
    run = subprocess.run(command, env=environment, input="", capture_output=True, text=True, check=False)
    assert run.returncode == 1 and run.stderr.startswith("error: BSCNET_IMPLEMENTATION is 'abacus'")


def predict(folder: Path, *arguments: str | Path, cloud: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([folder / "predict", *arguments], input=cloud, capture_output=True, text=True, check=False)


def test_the_example_is_short() -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 45


@builds
@pytest.mark.parametrize("names", [("rgb",), ("height", "offset"), ("intensity", "rgb", "time")], ids=" ".join)
def test_the_example_prints_the_label_of_each_point(
    names: tuple[str, ...], engine_build: Build, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    points, colors = rng.integers(-999, 999, (60, 3)) / 32, rng.integers(0, 256, (60, 3))  # exact as text
    values = {name: rng.integers(0, 99, 60) / 8 for name in names if name in ("intensity", "time")}
    model = tmp_path / "model.safetensors"
    reading = {"units": "cm", "labels": [40, -2, 0, 7, 1], "scale": {"time": [0, 2]}}
    for seed in range(100):  # until one tells the points apart
        parts = random_program(seed, num_classes=5, features=names, reading=reading)
        model.write_bytes(parts.to_bytes())
        network, described = Interpreter(model).run, parts.description
        labels, _ = label_points(network, described, described["reading"], points, colors, values)
        if len(set(labels)) > 1:
            break
    assert len(set(labels)) > 1
    table = [points, *([colors] if "rgb" in names else []), *(column[:, None] for column in values.values())]
    lines = "\n".join(" ".join(str(number) for part in table for number in part[row].tolist()) for row in range(60))
    run = predict(engine_build("predict"), model, cloud=lines)
    assert run.returncode == 0 and run.stderr == ""
    assert [int(line) for line in run.stdout.split()] == labels


@builds
def test_the_example_says_what_is_wrong(engine_build: Build, tmp_path: Path) -> None:
    folder = engine_build("predict")
    model = write_model(tmp_path / "model.safetensors", 0)
    given = write_model(tmp_path / "given.safetensors", 0, in_channels=2)
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(model.read_bytes()[:-1] + b"\x01")
    cases: list[tuple[list[str | Path], str, int, str]] = [
        ([], "", 2, "usage: predict"),
        ([tmp_path / "none"], "", 1, f"error: {tmp_path / 'none'}: there is no such file"),
        ([damaged], "", 1, "the model is damaged"),
        ([model], "0 0 0 1 2 3\n0 0 0 1 2\n", 1, "error: line 2 has no number 6 as it must be"),
        ([model], "0 0 zero 1 2 3\n", 1, "error: line 1 has no number 3"),
        ([model], "0 0 0 1 2 256\n", 1, "error: line 1 has no number 6"),
        ([model], "0 0 0 1 2 3\n0 0 99999 4 5 6\n", 2, "error: the cloud is 0 x 0 x 2e+06 voxels of 0.05 m large"),
        ([model], "0 0 0 1 2 3\n0 0 nan 1 2 3\n", 2, "error: the coordinates of point 1 are not finite"),
        ([model], "0 0 0 1 2 3\n" * 100_001, 1, "error: the cloud has more than 99999 points"),
        ([given], "0 0 0\n", 2, "error: the model takes features that points do not give"),
    ]
    for arguments, cloud, status, sentence in cases:
        run = predict(folder, *arguments, cloud=cloud)
        assert (run.returncode, run.stdout) == (status, "") and sentence in run.stderr, run.stderr
    empty = predict(folder, model)
    assert (empty.returncode, empty.stdout, empty.stderr) == (0, "", "")


@builds
def test_loading_the_library_runs_nothing_of_its_own(engine_build: Build) -> None:
    """No table is filled at start: whoever loads it for one function pays for no other."""
    if shutil.which("nm") is None:
        pytest.skip("nm is not installed")
    folder = engine_build("bscnet")
    objects = list((folder / "CMakeFiles" / "parts.dir").rglob("*.o"))
    assert len(objects) > 20
    listed = subprocess.run(["nm", *objects], capture_output=True, text=True, check=True).stdout
    assert "_GLOBAL__sub_I" not in listed


@builds
def test_random_programs_use_everything_and_load(library: ctypes.CDLL) -> None:
    library.bscnet_load_memory.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.POINTER(ctypes.c_void_p)]
    library.bscnet_free.argtypes = [ctypes.c_void_p]
    seen: set[str] = set()
    for seed in range(40):
        parts = random_program(seed, levels=1 + seed % 4, version=1 + seed % 2)
        content = parts.to_bytes()
        model = ctypes.c_void_p()
        status = library.bscnet_load_memory(content, len(content), ctypes.byref(model))
        assert status == 0, f"seed {seed}: {library.bscnet_last_error().decode()}"
        library.bscnet_free(model)
        for i, instruction in enumerate(parts.description["instructions"]):
            seen.update(f"step {kind}" for kind, *_ in instruction.get("steps", []))
            seen.add(f"{instruction['op']} {instruction.get('kind', '')}".strip())
            if instruction["op"] == "conv":
                seen.add(f"{instruction['geometry']} {instruction['operand']} {parts.tensors[f'{i}.weight'].dtype}")
    geometries = ["submanifold", "strided", "transposed", "pointwise"]
    assert seen >= {f"{geometry} real {dtype}" for geometry in geometries for dtype in ("float32", "float16")}
    assert seen >= {f"{geometry} bits uint8" for geometry in geometries}
    assert seen >= {f"step {step}" for step in ("affine", "prelu", "rprelu", "relu", "hardtanh", "bias", "add")}
    assert seen >= {"binarize", "pool avg", "pool max", "map", "concat"}
