"""The engine in WebAssembly, run by node: every value it computes is that of the other kernels."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from bscnet import runtime
from bscnet.shipped import model_file
from build_demo.engine import compiled
from engine_presets import ROOT
from fixtures import wasm
from fixtures.engine_cases import done, first_choice, require_same_bits, tied, ties

pytestmark = pytest.mark.slow

NODE = ("node", "--no-experimental-fetch")  # Emscripten 3.1.6 takes a node with fetch for a browser
FLAGS = ("-O2", "-msimd128", "-fwasm-exceptions")


@pytest.fixture(scope="module")
def build() -> Path:
    """The engine as a page has it, and as a library of objects."""
    wasm.require()
    return compiled()[0]


@pytest.fixture(scope="module")
def program(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """trace_cases.c with the engine, for node."""
    folder = tmp_path_factory.mktemp("program")
    variables = folder / "environment.js"
    variables.write_text("Module.preRun = () => Object.assign(ENV, process.env);\n")
    source = Path(__file__).with_name("trace_cases.c")
    done(["emcc", "-std=c99", "-O2", f"-I{ROOT}/csrc/include", "-c", str(source), "-o", str(folder / "cases.o")])
    link = ["em++", *FLAGS, str(folder / "cases.o"), str(build / "libbscnet.a"), f"--pre-js={variables}"]
    paths = f"{os.environ.get('NODE_PATH', '')}:/usr/share/nodejs"  # Debian's Emscripten has its parser there
    options = ["-sNODERAWFS", "-sALLOW_MEMORY_GROWTH", "-o", str(folder / "cases.js")]
    done([*link, *options], {**os.environ, "NODE_PATH": paths})
    return folder / "cases.js"


@pytest.mark.parametrize("name", ["simd128", "scalar"])
def test_kernels_in_webassembly(name: str, program: Path, engine_results: tuple[Path, list[bytes]]) -> None:
    """Networks of every width with and without shifts, binary and real, and random programs: equal to the last bit."""
    require_same_bits([*NODE, str(program)], name, *engine_results)


def test_vectors_are_what_a_page_runs_first(program: Path, engine_results: tuple[Path, list[bytes]]) -> None:
    assert first_choice([*NODE, str(program)], engine_results[0]) == "simd128"


def test_ties_tell_one_rounding_from_two(tmp_path: Path) -> None:
    """What the case is for: rounding to float64 and then to float32 gives other sums, of each kind some."""
    model = tmp_path / "ties.safetensors"
    model.write_bytes(ties(0).to_bytes())
    feats = tied(120)
    sites = np.pad(np.arange(120, dtype=np.int32)[:, None], ((0, 0), (1, 2)))
    weight = ties(0).tensors["0.weight"][0].astype(np.float64)
    twice = (feats[:, :1].astype(np.float64) + feats[:, 1:2].astype(np.float64) * weight[1]).astype(np.float32)
    other = runtime.load(model, threads=1)(sites, feats) != twice
    assert other[:60, :3].any(axis=0).all() and other[60:, 3].any()


def test_a_cloud_gets_the_same_labels(build: Path, tmp_path: Path) -> None:
    """bscnet.js, which a page calls, labels a cloud as the library does here; what is wrong it says in a sentence."""
    rng = np.random.default_rng(3)
    points = rng.uniform(0, 1, (20_000, 3)) * [3.0, 2.0, 2.5]
    points[:8000, 2] = 0  # a floor and a wall
    points[8000:14000, 0] = 0
    colors = rng.integers(0, 256, points.shape).astype(np.uint8)
    (tmp_path / "xyz").write_bytes(points.tobytes())
    (tmp_path / "rgb").write_bytes(colors.tobytes())
    script = Path(__file__).with_name("label_cloud.mjs")
    model = model_file("indoor-5cm")
    said = json.loads(done([*NODE, str(script), str(build / "bscnet.js"), str(model), str(tmp_path)]))
    labels, sure = runtime.load(model, threads=1).label_points(points, colors)
    assert said == {
        "implementation": "simd128",
        "empty": [1, said["empty"][1]],
        "colourless": [2, "the model needs colours, but rgb is a null pointer"],
    }
    assert "bytes" in said["empty"][1]
    assert np.array_equal(np.frombuffer((tmp_path / "labels").read_bytes(), np.int32), labels)
    found = np.frombuffer((tmp_path / "confidence").read_bytes(), np.float32)
    np.testing.assert_allclose(found, sure, rtol=5e-7, atol=0)
    assert len(np.unique(labels)) > 2
