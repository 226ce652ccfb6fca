"""The engine gives what the format's definition says, to the bit: random programs, random sites, all its kernels."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bscnet import runtime
from fixtures.model_files import random_program
from fixtures.packed_networks import network, seasoned, write_model
from fixtures.site_sets import SHAPES, site_set
from fixtures.sites import PROPERTY
from oracles.packed_program import Interpreter

WORKER = Path(__file__).with_name("implementation_worker.py")
CASES = 60


def features(sites: np.ndarray, channels: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(len(sites), channels)).astype(np.float32)


def defined(content: bytes, folder: Path, sites: np.ndarray, feats: np.ndarray) -> tuple[Interpreter, np.ndarray]:
    path = folder / "model.safetensors"
    path.write_bytes(content)
    interpreter = Interpreter(path)
    return interpreter, interpreter.run(sites, feats)


@PROPERTY
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.sampled_from(SHAPES),
    levels=st.integers(1, 5),
    length=st.integers(1, 12),
    channels=st.integers(1, 6),
    size=st.integers(1, 60),
    threads=st.integers(1, 4),
)
def test_random_program_on_random_sites(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    shape: str,
    levels: int,
    length: int,
    channels: int,
    size: int,
    threads: int,
) -> None:
    content = random_program(seed, channels, levels=levels, length=length, max_channels=96).to_bytes()
    sites = site_set(shape, seed, size)
    feats = features(sites, channels, seed)
    _, wanted = defined(content, tmp_path_factory.mktemp("model"), sites, feats)
    session = runtime.loads(content)
    np.testing.assert_array_equal(session(sites, feats, threads=threads), wanted)
    order = np.random.default_rng(seed).permutation(len(sites))
    np.testing.assert_array_equal(session(sites[order], feats[order]), wanted[order])


@pytest.mark.parametrize("seed", range(12))
def test_every_value_on_the_way(seed: int, tmp_path: Path) -> None:
    content = random_program(1000 + seed, max_channels=48).to_bytes()
    sites = site_set(SHAPES[seed % len(SHAPES)], seed)
    feats = features(sites, 3, seed)
    interpreter, _ = defined(content, tmp_path, sites, feats)
    traces = runtime.loads(content).trace(sites, feats)
    seen: set[tuple[str, int]] = set()
    for trace in traces:
        wanted = interpreter.sums[trace.instruction] if trace.what == "sums" else interpreter.values[trace.value]
        found = {tuple(site): row for site, row in zip(trace.coords.tolist(), trace.data, strict=True)}
        assert len(found) == len(trace.coords) and found.keys() == wanted.keys()
        for site, row in found.items():
            np.testing.assert_array_equal(row, wanted[site])
        seen.add((trace.what, trace.instruction if trace.what == "sums" else trace.value))
    written = {
        value for about in interpreter.description["instructions"] for key in ("out", "bits")
        if (value := about.get(key, -1)) >= 0
    }  # fmt: skip
    kinds = [kind for kind, _, _ in interpreter.description["values"]]
    assert {(kinds[value], value) for value in written} <= seen
    assert {("sums", instruction) for instruction in interpreter.sums} <= seen


@pytest.mark.parametrize("family", ["unet", "fcn"])
@pytest.mark.parametrize("precision", ["a1w1", "a32w32"])
@pytest.mark.parametrize("conv, residual", [("plain", "float32"), ("shifted", "float32"), ("shifted", "float16")])
def test_networks_as_exported(family: str, precision: str, conv: str, residual: str, tmp_path: Path) -> None:
    sites = np.concatenate([site_set(shape, 3, 60) for shape in ("random", "negative", "isolated")])
    sites[:60:2, 0] = 1
    sites = np.unique(sites, axis=0)
    feats = features(sites, 3, 4)
    net: Any = network(family, precision=precision, conv=conv, residual=residual)
    net = seasoned(net, torch.from_numpy(sites), torch.from_numpy(feats))
    path = write_model(tmp_path / "network.safetensors", net)
    wanted = Interpreter(path).run(sites, feats)
    assert (wanted.std(axis=0) > 1e-3).all(), "the network does not tell its sites apart"
    np.testing.assert_array_equal(runtime.load(path)(sites, feats), wanted)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with inputs and the results by definition."""
    folder = tmp_path_factory.mktemp("cases")
    for number in range(CASES):
        content = random_program(7000 + number, levels=1 + number % 4, max_channels=65).to_bytes()
        sites = site_set(SHAPES[number % len(SHAPES)], number, 30)
        feats = features(sites, 3, number)
        _, wanted = defined(content, folder, sites, feats)
        np.savez(folder / f"{number}.npz", sites=sites, feats=feats, wanted=wanted)
        (folder / f"{number}.safetensors").write_bytes(content)
    return folder


@pytest.mark.parametrize("name", runtime.implementations())
def test_every_implementation(name: str, cases: Path) -> None:
    """In a process of its own, as the kernels are chosen once; with 1 to 4 threads and in any order of the sites."""
    environment = {**os.environ, "BSCNET_IMPLEMENTATION": name}
    done = subprocess.run(
        [sys.executable, str(WORKER), str(cases)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [name, str(CASES)]


@pytest.mark.parametrize("name", ["sse9", "AVX2", " scalar"])
def test_unknown_implementation_is_refused(name: str, cases: Path) -> None:
    environment = {**os.environ, "BSCNET_IMPLEMENTATION": name}
    code = f"from bscnet import runtime; runtime.load({str(cases / '0.safetensors')!r})"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("bscnet.errors.InputError") and name.strip() in last and "scalar" in last
