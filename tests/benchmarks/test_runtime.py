"""The benchmark of the packed runtime: what is run, how it is judged, and that its two files say the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.progress import Progress

from benchmarks.common.engines import ENGINE, ENGINE_AS_IT_COMES, TORCH
from benchmarks.runtime import growth, labelling, layers, networks, open3d_sites, program, spconv_sites
from benchmarks.runtime.calls import timed_calls
from benchmarks.runtime.cases import NETWORKS, OPEN3D, RUNTIME, SPCONV, VARIANTS, Case, cases_of
from benchmarks.runtime.layer_model import layer_bytes
from benchmarks.runtime.machine import measure_machine
from benchmarks.runtime.models import prepare_network
from benchmarks.runtime.scenes import count_pairs, inner_cells
from benchmarks.runtime.verdicts import FINE, of_networks, verdicts
from bscnet.errors import InputError
from bscnet.runtime import loads
from bscnet.sparse.torch import TorchSites
from fixtures.markdown_tables import tables
from oracles.packed_program import Interpreter

ROOT = Path(__file__).resolve().parents[2]
SCENE = "room 5 cm"
# of a step on two threads; one thread takes twice as long
MILLISECONDS = {RUNTIME: 1.0, TORCH: 20.0, ENGINE: 50.0, ENGINE_AS_IT_COMES: 90.0, SPCONV: 20.0, OPEN3D: 70.0}
PEERS = (ENGINE, SPCONV, OPEN3D)


def network_rows(scene: str = SCENE) -> list[dict[str, Any]]:
    rows = []
    for network in NETWORKS:
        for case in cases_of(network, 2, PEERS):
            ms = MILLISECONDS[case.engine] * (3 - case.threads)
            answer = {"calls": 3, "peak_mb": 900.0 if case.engine == ENGINE else 100.0, "peak_exact": True}
            answer |= dict.fromkeys(networks.OF_RUNTIME, ms / 4)
            answers = [{**answer, "ms": factor * ms} for factor in (9, 1.2, 1, 0.8)]
            logits = np.eye(4, 3, dtype=np.float32)
            rows.append(networks.row_of(case, scene, answers, logits, logits))
    return rows


def report() -> dict[str, Any]:
    scene = {"scene": SCENE, "voxel_size": 0.05, "simulated": True, "points": 5000, "sites": 1000, "neighbours": 9.0}
    scene["pairs"] = [500] * 125
    machine = [
        {"threads": n, "copy_gb_per_s": 20.0 * n, "popcount_gbit_per_s": 900.0 * n, "popcount": "x"} for n in (1, 2)
    ]
    one_layer = [
        layers.row_of(channels, variant, scene, machine[threads - 1], [0.01 * channels, 0.02 * channels])
        for threads, channels, variant in product((1, 2), layers.WIDTHS, ("ssc", "sfsc"))
    ]
    answer = {**dict.fromkeys(networks.PARTS, 0.5), "peak_mb": 9.0}
    grown = [
        growth.row_of(size, 2, [{**answer, "ms": 1e-3 * size * drift, "workspace_mb": 1e-4 * size}] * 3, 12.0)
        for size, drift in ((10_000, 3.0), (30_000, 1.0), (10_000_000, 1.5))
    ]
    levels = [
        {"scene": SCENE, "network": network, "variant": "sfsc", "implementation": name, "threads": 2, "ms": ms}
        | {"ms_min": ms, "ms_max": ms, "times_ms": [ms], "bit_convolutions_ms": ms, "same_bits": name != "scalar"}
        for network, (name, ms) in product(("unet_h", "unet_s"), (("avx512", 1.0), ("avx2", 2.0), ("scalar", 9.0)))
    ]
    parts = dict.fromkeys(labelling.PARTS, 20.0)
    labelled = [
        {"ms": ms, "engine_ms": 0.2 * ms, "parts_ms": parts, "points": 1200, "mb": 0.5, "peak_mb": 90.0}
        for ms in (900.0, 100.0, 120.0)
    ]
    files = [
        {"network": n, "variant": v, "float32_bytes": 2600, "file_bytes": 100, "half_bytes": 110}
        for n, v in product(NETWORKS, VARIANTS)
    ]
    about = {"cpu": "a CPU", "cores": 2, "threads": 2, "torch": "2.0", "implementation": "avx512", "rounds": 3}
    about |= {"seconds": 10, "quick": False, "left_out": ["nothing: a test"], "peak_exact": True, "minutes": 1.0}
    made = {**about, "scenes": [scene], "networks": network_rows(), "files": files, "machine": machine}
    made |= {"layers": one_layer, "growth": grown, "implementations": levels}
    made["labelling"] = [labelling.row_of("unet_h", SCENE, 2, labelled)]
    return {**made, "verdicts": verdicts(made)}


def test_cases_of_a_network() -> None:
    cases = cases_of("unet_h", 2, PEERS)
    assert len(set(cases)) == len(cases) == 16
    expected = {RUNTIME: 6, TORCH: 4, ENGINE: 2, ENGINE_AS_IT_COMES: 1, SPCONV: 1, OPEN3D: 2}
    assert Counter(case.engine for case in cases) == expected
    assert {case.threads for case in cases if case.engine == SPCONV} == {1}
    settings = {case.engine: case.variables() for case in cases if case.threads == 2}
    assert settings[ENGINE] == {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "1"}
    assert settings[ENGINE_AS_IT_COMES] == {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    assert settings[TORCH] == {"OMP_NUM_THREADS": "2"}
    alone = cases_of("unet_h", 1, ())
    assert len(alone) == 6 and {case.engine for case in alone} == {RUNTIME, TORCH}
    assert {case.variant for case in alone if case.engine == TORCH} == set(VARIANTS)  # each has a twin to compare with


def test_short_calls_are_repeated_and_long_ones_are_not() -> None:
    calls: list[int] = []
    ms, counted = timed_calls(lambda: calls.append(1), enough=0.02)
    assert counted == len(calls) - 1 > 1 and ms < 20
    calls.clear()
    _, counted = timed_calls(lambda: calls.append(1), enough=0.0)
    assert counted == len(calls) == 1


def test_a_row_leaves_the_warm_up_out_and_compares_logits() -> None:
    answers = [{"ms": ms, "calls": 2, "peak_mb": 90 - ms, "peak_exact": True} for ms in (80.0, 30.0, 10.0, 50.0)]
    twin = np.array([[4.0, 1.0], [0.0, 3.0], [2.0, 1.0], [-8.0, 0.0]])
    logits = twin + np.array([[0.0, 0.0], [0.0, 0.0], [-1.0, 1.0], [2.0, 0.0]])
    row = networks.row_of(Case("fcn_s", "real", ENGINE, 2), SCENE, answers, logits, twin)
    assert (row["ms"], row["ms_min"], row["ms_max"], row["calls"], row["peak_mb"]) == (30, 10, 50, 6, 80)
    assert (row["same_argmax"], row["difference"]) == (0.75, 0.25)


def test_every_target_is_judged() -> None:
    found = {(v["section"], v["what"]): v for v in report()["verdicts"]}
    assert len(found) == len(report()["verdicts"])
    for threads in ("1 thread", "2 threads"):
        speed = found["speed", f"unet_h, {SCENE}, {threads}: minkowski / packed"]
        assert (speed["ratio"], speed["target"], speed["missed_by"]) == (50, ">= 40", 0)
        assert (speed["moonshot"], speed["moonshot_reached"]) == (64, False)
        assert found["speed", f"unet_s, {SCENE}, {threads}: minkowski / packed"]["missed_by"] == 0
        assert found["speed", f"unet_h, {SCENE}, {threads}: torch / packed"]["target"] == ">= 15"
        assert found["memory", f"fcn_s, {SCENE}, {threads}: minkowski / packed"]["ratio"] == 9
    assert found["speed", f"unet_h, {SCENE}, 1 thread: spconv / packed"]["missed_by"] == 0
    assert found["speed", f"unet_s, {SCENE}, 1 thread: spconv / packed"]["moonshot_reached"]
    assert found["speed", f"fcn_h, {SCENE}, 1 thread: spconv / packed"]["target"] is None
    same = [v for (section, _), v in found.items() if section == "same arg-max"]
    assert len(same) == 2 * len(NETWORKS) and all(v["missed_by"] == 0 for v in same)
    sizes = {what: v for (section, what), v in found.items() if section == "file size"}
    assert sizes["unet_h, sfsc: float32 weights / file"]["missed_by"] == 0
    assert sizes["unet_h, sfsc, half: float32 weights / file"]["missed_by"] > 0
    alike = found["SFSC / SSC layer", "32 channels, 1 thread"]
    assert (alike["ratio"], alike["target"], alike["moonshot_reached"]) == (1, "<= 1.5", None)
    floor = found["layer / floor", "128 channels, ssc, 1 thread"]
    assert (floor["target"], floor["moonshot"]) == ("<= 1.35", 1.2)
    assert floor["moonshot_reached"] == (floor["ratio"] <= 1.2)
    assert [v["ratio"] for (section, _), v in found.items() if section == "growth"] == pytest.approx([1.5, 1])
    levels = {what: v for (section, what), v in found.items() if section == "implementations"}
    assert levels[f"unet_s, {SCENE}, 2 threads: avx2 speed / avx512 speed"]["ratio"] == 0.5
    assert levels[f"unet_s, {SCENE}, 2 threads: scalar gives the same bits"]["missed_by"] == 1
    whole = found["whole prediction", f"unet_h, {SCENE}, 2 threads: engine / all parts"]
    assert (whole["ratio"], whole["missed_by"]) == (pytest.approx(0.2), 0)


def test_fine_voxels_have_targets_of_their_own() -> None:
    found = {(v["section"], v["what"]): v for v in of_networks(network_rows(FINE))}
    speed = found["speed", f"unet_h, {FINE}, 2 threads: minkowski / packed"]
    assert (speed["ratio"], speed["target"], speed["missed_by"]) == (50, ">= 56", pytest.approx(1 - 50 / 56))
    assert found["speed", f"unet_s, {FINE}, 2 threads: minkowski / packed"]["target"] == ">= 40"
    assert found["memory", f"unet_h, {FINE}, 2 threads: minkowski / packed"]["target"] == ">= 7"


def test_the_floor_is_the_larger_of_traffic_and_counts() -> None:
    machine = {"threads": 1, "copy_gb_per_s": 10.0, "popcount_gbit_per_s": 1000.0}
    found = layers.floor_ms(1_000_000, 20e6, 32, machine)
    assert found["memory"] == pytest.approx((128 + 128 + 4 + 4 + 4) * 1e6 / 10e9 * 1e3)
    assert found["popcount"] == pytest.approx(20e6 * 32 * 32 / 1e12 * 1e3)
    scene = {"scene": SCENE, "sites": 1_000_000, "pairs": [0] * 125}
    for cell in inner_cells():
        scene["pairs"][cell] = 1_000_000
    plain = layers.row_of(32, "ssc", scene, machine, [10.0, 20.0, 60.0])
    assert (plain["ms"], plain["neighbours"]) == (20, 27)
    assert plain["floor_ms"] == max(plain["memory_floor_ms"], plain["popcount_floor_ms"])
    assert layers.row_of(32, "sfsc", scene, machine, [1.0])["neighbours"] == 8  # a corner of the cube is the centre


@pytest.mark.parametrize("variant", ["ssc", "sfsc"])
@pytest.mark.parametrize("channels", [16, 24])
def test_the_layers_file_runs_as_defined(channels: int, variant: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    coords = np.unique(rng.integers(-3, 3, (60, 3)), axis=0).astype(np.int32)
    coords = np.concatenate([np.zeros((len(coords), 1), np.int32), coords], axis=1)
    feats = rng.standard_normal((len(coords), channels), dtype=np.float32)
    content = layer_bytes(channels, variant)
    (tmp_path / "layers.safetensors").write_bytes(content)
    logits, times = loads(content).timed(coords, feats)
    assert np.array_equal(logits, Interpreter(tmp_path / "layers.safetensors").run(coords, feats))
    assert times.bit_convolutions > 0 and 0.1 < np.abs(logits).max() < 100


def test_synthetic_rooms_grow_in_number_alone() -> None:
    few, many = growth.rooms(12_000), growth.rooms(60_000)
    for coords, sites in ((few, 12_000), (many, 60_000)):
        assert coords.shape == (sites, 4) and np.array_equal(np.unique(coords, axis=0), coords)
    pairs = [sum(np.array(count_pairs(c))[inner_cells()]) / len(c) for c in (few, many)]
    assert 10 < pairs[0] < 16 and pairs[0] == pytest.approx(pairs[1], rel=0.05)
    assert (growth.PITCH & (growth.PITCH - 1)) == 0 and np.ptp(growth.room(np.random.default_rng(0))) < growth.PITCH


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
def test_the_machine_is_measured(tmp_path: Path) -> None:
    (row,) = measure_machine(tmp_path, [1])
    assert row["threads"] == 1 and 0.5 < row["copy_gb_per_s"] < 2000 and 1 < row["popcount_gbit_per_s"] < 20000
    assert 0.5 < row["float32_gmac_per_s"] < 2000


def test_a_missing_compiler_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(InputError, match="no-such-compiler is not on this machine"):
        measure_machine(tmp_path, [1])


def test_markdown_and_json_give_the_same_numbers(tmp_path: Path) -> None:
    program.RESULTS.write(report(), tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["runtime.json", "runtime.md"]
    twin = json.loads((tmp_path / "new" / "runtime.json").read_text())
    found = tables((tmp_path / "new" / "runtime.md").read_text())
    rows = found["Whole networks"]
    assert len(rows) == len(twin["networks"]) == 16 * len(NETWORKS)
    for cells, row in zip(rows, twin["networks"], strict=True):
        assert cells[:5] == [SCENE, row["network"], VARIANTS[row["variant"]][3], row["engine"], str(row["threads"])]
        assert [float(c) for c in cells[5:8]] == pytest.approx([row[k] for k in ("ms", "ms_min", "ms_max")], rel=0.01)
        assert float(cells[10].removesuffix(" %")) == pytest.approx(100 * row["same_argmax"], abs=0.001)
    assert len(found["Where the runtime's time goes"]) == 6 * len(NETWORKS)
    for cells, row in zip(found["One layer against its floor"], twin["layers"], strict=True):
        assert cells[:3] == [str(row["channels"]), row["variant"].upper(), str(row["threads"])]
        assert float(cells[9]) == pytest.approx(row["ms"] / row["floor_ms"], abs=0.005)
    for cells, row in zip(found["Targets"], twin["verdicts"], strict=True):
        assert cells[:3] == [row["section"], row["what"], row["target"] or "none"]
        assert cells[3].split(",")[0] == {None: "", 0: "yes"}.get(row["missed_by"], "no")
        assert float(cells[6]) == pytest.approx(row["ratio"], rel=0.001)
    (whole,) = found["A whole prediction"]
    assert whole[:3] == [SCENE, "unet_h", "1,200"]
    assert [float(cell) for cell in whole[4:7]] == [110, 100, 120]
    assert [float(cell) for cell in whole[7:-1]] == [20] * len(labelling.PARTS) + [22]
    assert len(found["CPU levels"]) == len(twin["implementations"]) and len(found["Files"]) == len(twin["files"])


def test_the_committed_verdicts_are_those_of_the_committed_rows() -> None:
    twin = json.loads((ROOT / "benchmarks" / "runtime.json").read_text())
    assert twin["verdicts"] == json.loads(json.dumps(verdicts(twin))) and not twin["quick"]


@pytest.mark.parametrize("words", [["--rounds", "0"], ["--threads", "-1"], ["--seconds", "0"]])
def test_settings_out_of_range_are_refused(words: list[str]) -> None:
    with pytest.raises(InputError, match=f"{words[0]} is {words[1]}, it must be"):
        program.run(words)


def test_only_a_whole_run_replaces_the_committed_tables(tmp_path: Path) -> None:
    assert program.parse([]).out == ROOT / "benchmarks"
    for words in (["--quick"], ["--only", "layers"], ["--networks", "fcn_s"]):
        assert program.parse(words).out is None
        assert program.parse([*words, "--out", str(tmp_path)]).out == tmp_path


def test_spconv_gives_the_sums_of_the_torch_backend() -> None:
    if reason := spconv_sites.missing():
        pytest.skip(f"spconv: {reason}")
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    command = [sys.executable, str(Path(__file__).with_name("spconv_worker.py"))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    differences = json.loads(done.stdout.splitlines()[-1])
    gradients = {"its gradient of features", "its gradient of weights"}
    assert set(differences) == {"submanifold", *gradients, "up", "unpool", "coarser"}
    assert max(differences.values()) < 1e-4, differences


def test_open3d_gives_the_sums_of_the_torch_backend() -> None:
    if reason := open3d_sites.missing():
        pytest.skip(f"Open3D: {reason}")
    rng = torch.Generator().manual_seed(0)
    cells = torch.unique(torch.randint(-9, 9, (900, 3), generator=rng), dim=0)
    cells = cells[torch.randperm(len(cells), generator=rng)]
    coords = torch.cat([torch.zeros(len(cells), 1), cells], dim=1).int()
    feats, cube, pair = (torch.randn(*shape, generator=rng) for shape in ((len(cells), 5), (27, 5, 7), (8, 5, 7)))
    found = []
    for sites in (TorchSites(coords), open3d_sites.Open3dSites(coords)):
        down = sites.down(feats, pair)
        coarser = sites.unpool(sites.coarser.submanifold(down, cube.transpose(1, 2).contiguous()))
        up, pooled = sites.up(down, pair.transpose(1, 2).contiguous()), sites.unpool(sites.pool_sum(feats))
        found.append([sites.submanifold(feats, cube), coarser, up, pooled, sites.submanifold(feats, cube[:1])])
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
    with pytest.raises(ValueError, match="not told apart"):
        open3d_sites.Open3dSites(coords + 1)


@pytest.mark.slow
def test_all_engines_agree_on_a_small_scene(tmp_path: Path) -> None:
    coords, feats = growth.rooms(1500), np.random.default_rng(0).uniform(-1, 1, (1500, 3)).astype(np.float32)
    file = tmp_path / "scene.npz"
    np.savez(file, coords=coords, feats=feats)
    for variant in VARIANTS:
        row = prepare_network("fcn_s", variant, torch.from_numpy(coords), torch.from_numpy(feats), 0.05, tmp_path)
        assert (row["float32_bytes"] > 15 * row["file_bytes"]) == (variant != "real")
    cases = cases_of("fcn_s", 1, [name for name, why in program.peers(torch_only=False).items() if why is None])
    with Progress(disable=True) as display:
        rows = networks.measure(cases, {"scene": SCENE}, file, tmp_path, 1, 0.0, display)
    assert [(row["engine"], row["variant"]) for row in rows] == [(case.engine, case.variant) for case in cases]
    assert all(row["difference"] < 1e-5 and row["same_argmax"] > 0.999 for row in rows)
    assert all(0 < row["ms"] < 60_000 and 0 < row["peak_mb"] < 2000 for row in rows)
    packed = [row for row in rows if row["engine"] == RUNTIME and row["variant"] != "real"]
    assert all(row["bit_convolutions_ms"] > 0 and row["kernel_maps_ms"] > 0 for row in packed)
