"""The training benchmark: what is run, how it is judged, and that its two files say the same."""

from __future__ import annotations

import importlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.progress import Progress

from benchmarks.common import process, turns
from benchmarks.common.engines import ENGINE, ENGINE_AS_IT_COMES, NATIVE, TORCH
from benchmarks.runtime.cases import SPCONV
from benchmarks.training import child, growth, layers, layers_child, measure, neighbour, program, steps
from benchmarks.training.cases import GROUPS, MODULES, NETWORKS, VARIANTS, Case, cases_of, thread_variables
from benchmarks.training.report import SECTIONS, markdown
from benchmarks.training.scene import prepare_rooms
from benchmarks.training.verdicts import of_steps, verdicts
from bscnet.errors import InputError
from bscnet.sparse import SparseTensor
from bscnet.sparse.operand import unpack_signs
from fixtures.markdown_tables import tables
from fixtures.scannet_files import write_root

ROOT = Path(__file__).resolve().parents[2]
# of native's step on two threads; one thread takes twice as long
MILLISECONDS = {"real": 100.0, "ssc": 100.0, "sfsc": 125.0, "search": 220.0, "binary": 90.0, "sfsc_binary": 90.0}
SLOWDOWN = {NATIVE: 1.0, TORCH: 2.0, MODULES: 6.0, ENGINE: 3.5, ENGINE_AS_IT_COMES: 9.0}
MEGABYTES = {NATIVE: 100.0, ENGINE: 150.0}


def answers(case: Case) -> list[dict[str, Any]]:
    """A warm-up and three rounds."""
    ms = MILLISECONDS[case.variant] * SLOWDOWN[case.backend] * (3 - case.threads)
    memory = {"peak_mb": MEGABYTES.get(case.backend, 200.0), "peak_exact": True}
    return [{"forward_ms": t / 3, "step_ms": t, **memory} for t in (1e5, 1.1 * ms, ms, 0.7 * ms)]


def report(with_engine: bool = True, threads: tuple[int, ...] = (2, 1), **changes: Any) -> dict[str, Any]:
    rows = [
        measure.row_of(case, answers(case)) | {"same_argmax_as_torch": 1.0, "score_difference_to_torch": None}
        for network in NETWORKS
        for count in threads
        for case in cases_of(network, VARIANTS, count, len(threads) == 1, with_engine)
    ]
    pairs, machine = [500] * 125, [{"threads": n, "float32_gmac_per_s": 50.0 * n} for n in threads]
    one_layer = [
        layers.row_of(
            layers.Layer(engine, count, channels, kind),
            pairs,
            50.0 * count,
            [{"forward_ms": 0.1 * t, "backward_ms": 0.2 * t} for t in (3, 1, 2)],
            1e-6,
        )
        for engine, count in layers.engines(2, with_engine, with_spconv=True)
        for channels in layers.WIDTHS
        for kind in layers.KINDS
    ]
    fixed = [
        {"sites": 200, **measure.row_of(case, answers(case))}
        for case in (Case("unet_h", "ssc", name, 1) for name in (NATIVE, TORCH, MODULES, ENGINE))
    ]
    grown = [
        growth.row_of(
            what, size, 2, [{"step_ms": ms, "forward_ms": ms / 4, "backward_ms": 3 * ms / 4, "peak_mb": 9.0}] * 3
        )
        for what in (growth.STEP, growth.LAYER)
        for size, ms in ((1_000, 3.0), (100_000, 200.0))
    ]
    beside = [
        {"waiting": way, "neighbours": count, **measure.row_of(case, answers(case))}
        for count in (0, 1)  # beside a neighbour as slow as with one thread
        for case in (Case("unet_s", "ssc", NATIVE, 2 - count), Case("unet_s", "ssc", ENGINE, 2 - count))
        for way in neighbour.WAYS
    ]
    about = {"scene": "scene0000_00", "simulated": True, "voxel_size": 0.05, "sites": 1234, "neighbours": 17.25}
    made = {"cpu": "a CPU", "features": ["avx2"], "cores": 2, "threads": threads[0], "torch": "2.0", "commit": "abc"}
    made |= {
        "thread_variables": {},
        "waiting": "GOMP_SPINCOUNT 9",
        "rounds": 3,
        "seconds": 6,
        "quick": False,
        "minutes": 1.0,
    }
    made |= {"left_out": [] if with_engine else ["MinkowskiEngine: it is not installed"], "scene": about}
    made |= {
        "steps": rows,
        "machine": machine,
        "layers": one_layer,
        "fixed": fixed,
        "growth": grown,
        "neighbour": beside,
    }
    made |= changes
    return {**made, "verdicts": verdicts(made)}


def test_cases_of_a_network() -> None:
    cases = cases_of("fcn_s", VARIANTS, 2, alone=False, with_engine=True)
    assert len(set(cases)) == len(cases) == 6 * 3 + 2
    assert {case.variant for case in cases if case.backend == ENGINE_AS_IT_COMES} == {"real", "ssc"}
    assert {(case.backend, case.sparse_backend) for case in cases} == {
        (NATIVE, "native"),
        (TORCH, "torch"),
        (ENGINE, "minkowski"),
        (ENGINE_AS_IT_COMES, "minkowski"),
    }
    # one thread of OpenBLAS in one thread of OpenMP is what bscnet sets anyway
    assert all(c.backend != ENGINE_AS_IT_COMES for c in cases_of("fcn_s", VARIANTS, 1, alone=False, with_engine=True))
    large = cases_of("unet_h", VARIANTS, 1, alone=False, with_engine=True)
    assert {case.backend for case in large} == {NATIVE, ENGINE} and len(large) == 10
    alone = cases_of("unet_h", VARIANTS, 1, alone=True, with_engine=False)  # each has a twin on torch
    assert [case.backend for case in alone] == [NATIVE, TORCH] * 5
    assert sorted(variant for group in GROUPS for variant in group) == sorted(VARIANTS)


def test_processes_have_the_users_environment_and_their_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert thread_variables(NATIVE, 3) == thread_variables(ENGINE, 3) == {"OMP_NUM_THREADS": "3"}
    assert thread_variables(ENGINE_AS_IT_COMES, 3)["OPENBLAS_NUM_THREADS"] == "3"
    started: list[Any] = []

    def start(command: list[str], env: dict[str, str], **_: Any) -> Any:
        started.append((command, env))

    monkeypatch.setattr(process.subprocess, "Popen", start)
    monkeypatch.setattr(process, "found_environment", lambda: {"PATH": "there", "OMP_NUM_THREADS": "7"})
    measure.worker_of(Case("fcn_s", "real", ENGINE, 2), tmp_path / "scene.npz")
    ((command, environment),) = started
    assert command[2:8] == ["-m", "benchmarks.training.child", "fcn_s", "real", ENGINE, "2"]
    assert environment == {"PATH": "there", "OMP_NUM_THREADS": "2", "PYTHONPATH": environment["PYTHONPATH"]}


def test_a_row_leaves_the_warm_up_out_of_times_but_not_of_memory() -> None:
    given = [
        {"forward_ms": ms / 3, "step_ms": ms, "peak_mb": ms, "peak_exact": True} for ms in (90.0, 30.0, 12.0, 60.0)
    ]
    found = measure.row_of(Case("fcn_s", "real", TORCH, 1), given)
    assert (found["step_ms"], found["step_ms_min"], found["step_ms_max"]) == (30, 12, 60)
    assert (found["forward_ms"], found["steps_ms"], found["peak_mb"]) == (10, [30, 12, 60], 90)


def test_scores_are_compared_with_those_of_torch() -> None:
    twin = np.array([[4.0, 1.0], [0.0, 3.0], [2.0, 1.0], [-8.0, 0.0]])
    scores = twin + np.array([[0.0, 0.0], [0.0, 0.0], [-1.0, 1.0], [2.0, 0.0]])
    real = steps.compared(Case("fcn_s", "real", ENGINE, 1), scores, twin)
    assert real == {"same_argmax_as_torch": 0.75, "score_difference_to_torch": 0.25}
    binary = steps.compared(Case("fcn_s", "sfsc", ENGINE, 1), scores, twin)
    assert binary == {"same_argmax_as_torch": 0.75, "score_difference_to_torch": None}


def test_modules_with_hooks_are_called_and_give_the_same_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    coords = torch.cat([torch.zeros(90, 1), torch.unique(torch.randint(0, 6, (400, 3)), dim=0)[:90]], dim=1).int()
    scene = {"coords": coords, "feats": torch.rand(90, 3), "point_to_voxel": torch.arange(90)}
    scene["labels"] = torch.randint(0, 20, (90,))
    calls: list[object] = []
    monkeypatch.setattr(child, "_leave", lambda *given: calls.append(given[0]))
    scores, called = {}, {}
    for backend in (TORCH, MODULES):
        calls.clear()
        stepper = child.Stepper(Case("fcn_s", "real", backend, 1), scene, m=4, reps=1, depth=1)
        scores[backend], called[backend] = stepper.step()[2], len(calls)
    assert called[TORCH] == 0 and called[MODULES] >= len(list(stepper.network.children()))
    assert torch.allclose(scores[TORCH], scores[MODULES], atol=1e-4)


def test_layers_floor_is_the_rate_of_multiply_adds() -> None:
    pairs = [0] * 125
    pairs[62], pairs[63], pairs[64] = 100, 60, 40  # the centre and the two next to it along x
    given = [{"forward_ms": 3.0, "backward_ms": 4.0}]
    found = layers.row_of(layers.Layer(NATIVE, 1, 8, "plain"), pairs, 2.0, given, 0.0)
    assert found["forward_floor_ms"] == pytest.approx(160 * 64 / 2e6)
    assert found["backward_floor_ms"] == pytest.approx(2 * found["forward_floor_ms"])
    assert layers.pairs_of_kind("composite", pairs) == 200 and layers.pairs_of_kind("signs", pairs) == 160
    assert layers.pairs_of_kind("shifted", [7] * 125) == 27 * 7


def test_engines_of_layers() -> None:
    everyone = layers.engines(2, with_engine=True, with_spconv=True)
    assert everyone == [(NATIVE, 1), (NATIVE, 2), (TORCH, 1), (ENGINE, 1), (ENGINE, 2), (SPCONV, 1)]
    assert layers.engines(1, with_engine=False, with_spconv=False) == [(NATIVE, 1), (TORCH, 1)]


@pytest.mark.parametrize("kind", ["plain", "signs", "composite"])
def test_a_layer_is_the_convolution_and_its_gradients(kind: str, tmp_path: Path, one_thread: None) -> None:
    places = [0, 1, 3]  # along x, in whose direction the next cell is the next number
    coords = np.array([[0, x, 0, 0] for x in places], dtype=np.int32)
    np.savez(tmp_path / "scene.npz", coords=coords)
    respond = layers_child.responder([NATIVE, "1", str(tmp_path / "scene.npz")])
    assert respond(f"4 {kind} {tmp_path / 'kept.npz'}") == {}
    layer = layers_child.Layer(SparseTensor(torch.zeros(3, 1), torch.from_numpy(coords), NATIVE).sites, 4, kind)
    x = unpack_signs(layer.operand.bits, 4) if kind == "signs" else layer.leaf.detach()  # type: ignore[union-attr]
    weight, grad, reach = layer.weight.detach(), layer.grad, 2 if kind == "composite" else 1
    y, dx, dw = torch.zeros(3, 4), torch.zeros(3, 4), torch.zeros_like(weight)
    for u, v in product(range(3), repeat=2):
        if abs(step := places[v] - places[u]) <= reach:
            cell = len(weight) // 2 + step
            y[u] += x[v] @ weight[cell]
            dx[v] += weight[cell] @ grad[u]
            dw[cell] += torch.outer(x[v], grad[u])
    with np.load(tmp_path / "kept.npz") as kept:
        for name, expected in (("y", y), ("dx", dx), ("dw", dw)):
            assert np.allclose(kept[name], expected, atol=1e-5), name
    assert all(ms > 0 for ms in respond(f"4 {kind}").values())


def test_every_target_is_judged() -> None:
    found = {(v["section"], v["what"]): v for v in report()["verdicts"]}
    assert len(found) == len(report()["verdicts"])
    for network in NETWORKS:
        for threads in ("1 thread", "2 threads"):
            speed = found["speed", f"{network}, ssc, {threads}: minkowski / native"]
            assert (speed["ratio"], speed["target"], speed["missed_by"]) == (3.5, ">= 3", 0)
            assert (speed["moonshot"], speed["moonshot_reached"]) == (6, False)
            shifted = found["speed", f"{network}, sfsc, {threads}: minkowski / native"]
            assert (shifted["target"], shifted["missed_by"]) == (">= 4", pytest.approx(0.125))
            memory = found["memory", f"{network}, real, {threads}: minkowski / native"]
            assert (memory["ratio"], memory["missed_by"]) == (1.5, pytest.approx(0.25))
            kind = found["kinds of step", f"{network}, sfsc, {threads}: native / ssc on native"]
            assert (kind["target"], kind["missed_by"]) == ("<= 1.2", pytest.approx(1.25 / 1.2 - 1))
            assert found["kinds of step", f"{network}, search, {threads}: native / ssc on native"]["missed_by"] == 0
        assert found["speed", f"{network}, real, 2 threads: {ENGINE_AS_IT_COMES} / native"]["target"] is None
        assert found["speed", f"{network}, real, 2 threads: torch / native"]["ratio"] == 2
    assert found["kinds of step", "unet_s, sfsc_binary, 1 thread: native / binary on native"]["ratio"] == 1
    assert found["fixed cost", f"unet_h, ssc, 200 sites: {MODULES} / native"]["missed_by"] == 0
    assert found["fixed cost", "unet_h, ssc, 200 sites: minkowski / native"]["target"] is None
    grown = found["growth", "step, 2 threads, 1000 to 100000 sites: most / least time a site"]
    assert (grown["ratio"], grown["target"]) == (pytest.approx(1.5), None)
    assert found["busy neighbour", "native, bscnet's way of waiting: beside 1 / alone"]["ratio"] == 2
    assert found["busy neighbour", "bscnet's way of waiting, beside 1: minkowski / native"]["ratio"] == 3.5


def test_more_is_asked_where_the_cpu_multiplies_matrices() -> None:
    judged = {v["what"]: v for v in report(features=["amx_tile", "amx_bf16"])["verdicts"] if v["section"] == "speed"}
    targets = {variant: judged[f"fcn_s, {variant}, 1 thread: minkowski / native"]["target"] for variant in VARIANTS}
    sums = {"ssc": ">= 4", "binary": ">= 4", "sfsc": ">= 4", "sfsc_binary": ">= 4"}
    assert targets == {"real": ">= 3", "search": ">= 3", **sums}


def test_without_the_engine_its_rows_and_verdicts_are_left_out() -> None:
    alone = report(with_engine=False)
    assert not any("minkowski" in verdict["what"] for verdict in of_steps(alone["steps"], amx=False))
    assert "Left out: MinkowskiEngine: it is not installed." in markdown(alone)


def test_a_report_says_what_was_not_measured() -> None:
    part = report(steps=[], growth=[], neighbour=[])
    assert {verdict["section"] for verdict in part["verdicts"]} == {"fixed cost"}
    text = markdown(part)
    assert "Not measured in this run: steps, growth, neighbour." in text and set(tables(text)) == {
        "Targets",
        "One layer",
        "Fixed cost",
    }


def test_columns_of_the_tables_line_up() -> None:
    for block in markdown(report()).split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({tuple(i for i, c in enumerate(line) if c == "|") for line in lines}) == bool(lines)


def test_markdown_and_json_give_the_same_numbers(tmp_path: Path) -> None:
    program.RESULTS.write(report(), tmp_path / "new")
    twin = json.loads((tmp_path / "new" / "training.json").read_text())
    found = tables((tmp_path / "new" / "training.md").read_text())
    assert len(found["Steps"]) == len(twin["steps"]) > 80
    for cells, row in zip(found["Steps"], twin["steps"], strict=True):
        assert cells[:4] == [row["network"], VARIANTS[row["variant"]][2], row["backend"], str(row["threads"])]
        keys = ("forward_ms", "step_ms", "step_ms_min", "step_ms_max")
        assert [float(cell) for cell in cells[4:8]] == pytest.approx([row[key] for key in keys], rel=0.006)
        assert cells[8:10] == ["3", f"{row['peak_mb']:.0f}"]
    for cells, row in zip(found["One layer"], twin["layers"], strict=True):
        assert cells[:4] == [str(row["channels"]), layers.KINDS[row["kind"]], row["engine"], str(row["threads"])]
        assert float(cells[8]) == pytest.approx(row["forward_ms"] / row["forward_floor_ms"], rel=0.006)
    assert [row[0] for row in found["Fixed cost"]] == [row["backend"] for row in twin["fixed"]]
    assert [row[2] for row in found["Growth"]] == [str(row["sites"]) for row in twin["growth"]]
    assert [row[:3] for row in found["Busy neighbour"]] == [
        [row["backend"], row["waiting"], str(row["neighbours"])] for row in twin["neighbour"]
    ]
    for cells, row in zip(found["Targets"], twin["verdicts"], strict=True):
        assert cells[:3] == [row["section"], row["what"], row["target"] or "none"]
        assert cells[3].split(",")[0] == {None: "", 0: "yes"}.get(row["missed_by"], "no")
        assert cells[4:6] == ["", ""] or cells[5] == ("yes" if row["ratio"] >= row["moonshot"] else "no")
        keys = ("ratio", "ratio_min", "ratio_max")
        assert [float(cell) for cell in cells[6:]] == pytest.approx([row[key] for key in keys], rel=0.006)


def test_the_page_is_filled_from_the_last_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme, (place,) = tmp_path / "README.md", program.RESULTS.places
    results = replace(program.RESULTS, places=(replace(place, page=readme),))
    monkeypatch.setattr(program, "RESULTS", results)
    monkeypatch.setattr(program, "FOLDER", tmp_path / "benchmarks")
    program.RESULTS.write(report(), tmp_path / "benchmarks")
    readme.write_text("before\n<!-- results:training -->\nold\n<!-- /results:training -->\nafter\n")
    assert program.run(["--refill"]) == 0
    before, *lines, after = readme.read_text().splitlines()
    assert (before, after) == ("before", "after") and "old" not in lines
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")][2:]
    assert len(cells) == 6 + 6 + 5
    assert cells[0] == ["fcn_s", VARIANTS["real"][2], "100", "2.0", "3.5", "9.0", "1.5"]
    assert cells[-1] == ["unet_h", VARIANTS["binary"][2], "90.0", "2.0", "3.5", "", "1.5"]
    assert "one simulated room at 5 cm: 1234 sites" in lines[-2] and "a CPU, 2 threads." in lines[-2]
    program.RESULTS.write(report(with_engine=False), tmp_path / "benchmarks")
    assert program.run(["--refill"]) == 0
    assert "Left out: MinkowskiEngine: it is not installed." in readme.read_text()


@pytest.mark.parametrize(
    "words", [["--rounds", "0"], ["--threads", "-1"], ["--seconds", "0"], ["--voxel-size", "-0.5"]]
)
def test_no_rounds_threads_seconds_or_voxels_is_refused(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{words[0]} is {words[1]}, it must be"):
        program.run([*words, "--out", str(tmp_path)])
    assert not list(tmp_path.iterdir())


def test_a_busy_neighbour_runs_for_as_long_as_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen
    monkeypatch.setattr(neighbour.subprocess, "Popen", lambda words: started.append(start(words)) or started[-1])
    with neighbour.busy(2):
        assert [process.poll() for process in started] == [None, None]
    assert all(process.returncode for process in started)


def test_only_a_whole_run_replaces_the_committed_tables(tmp_path: Path) -> None:
    assert program.parse([]).out == ROOT / "benchmarks"
    for words in (["--quick"], ["--only", "layers"], ["--networks", "fcn_s"]):
        assert program.parse(words).out is None
        assert program.parse([*words, "--out", str(tmp_path)]).out == tmp_path


def test_a_process_that_ends_says_why(tmp_path: Path) -> None:
    worker = measure.worker_of(Case("fcn_s", "real", TORCH, 1), tmp_path / "none.npz")
    try:
        with pytest.raises(RuntimeError, match=r"(?s)fcn_s, real, torch, 1 thread ended with status 1.*none\.npz"):
            worker.answer()
    finally:
        worker.close()


class InProcess:
    """Stands in for a worker: the same work by this process."""

    def __init__(self, name: str, module: str, words: list[str], *_: object) -> None:
        self.name, self.module, self.words = name, module, words

    def answer(self) -> dict[str, Any]:
        self.respond = importlib.import_module(self.module).responder(self.words)
        return {"ready": True}

    def ask(self, request: str) -> dict[str, Any]:
        return json.loads(json.dumps(self.respond() if request == "step" else self.respond(request)))

    def close(self) -> None:
        pass


@pytest.fixture
def one_thread() -> Iterator[None]:
    """What runs here may set torch's number of threads."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_all_sections_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], one_thread: None
) -> None:
    for module in (measure, layers):
        monkeypatch.setattr(module, "Worker", InProcess)
    for module in (child, layers_child):
        monkeypatch.setattr(module, "AT_LEAST_SECONDS", 0.0)
    monkeypatch.setattr(turns, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(program, "QUICK_SIZES", (150, 300))
    monkeypatch.setattr(program, "QUICK_WIDTHS", (4, 8))
    rates = [{"threads": 1, "float32_gmac_per_s": 50.0}]
    monkeypatch.setattr(program, "measure_machine", lambda folder, threads: rates)
    scenes = write_root(tmp_path / "scenes", train=1, val=1, points=300)
    words = ["--quick", "--threads", "1", "--torch-only", "--networks", "fcn_s", "--scenes", str(scenes)]
    assert program.run([*words, "--out", str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out" / "training.json").read_text())
    assert [(r["variant"], r["backend"]) for r in found["steps"]] == [(v, b) for v in VARIANTS for b in (NATIVE, TORCH)]
    assert all(0 < r["forward_ms"] < r["step_ms"] and r["peak_mb"] < 4000 for r in found["steps"])
    assert all(r["same_argmax_as_torch"] > 0.9 for r in found["steps"])
    assert all((r["score_difference_to_torch"] or 0) < 1e-5 for r in found["steps"])
    assert {(r["engine"], r["kind"]) for r in found["layers"]} == {(NATIVE, k) for k in layers.KINDS} | {
        (TORCH, "plain")
    }
    assert all(r["difference"] < 1e-5 and r["forward_ms"] > 0 < r["backward_ms"] for r in found["layers"])
    assert [r["backend"] for r in found["fixed"]] == [NATIVE, TORCH, MODULES]
    assert [(r["what"], r["sites"]) for r in found["growth"]] == [(w, n) for w in ("step", "layer") for n in (150, 300)]
    assert [(r["waiting"], r["neighbours"]) for r in found["neighbour"]] == [
        (way, count) for count in (0, 1) for way in neighbour.WAYS
    ]
    assert all(found[name] for name in SECTIONS) and not found["scene"]["simulated"]
    printed = capsys.readouterr()
    assert printed.out.strip() == (tmp_path / "out" / "training.md").read_text().strip()
    assert "left out: MinkowskiEngine: it was not asked for" in printed.err


@pytest.mark.slow
@pytest.mark.minkowski
def test_processes_of_all_backends_step_in_turn(tmp_path: Path) -> None:
    prepare_rooms(400, tmp_path / "scene.npz")
    cases = [Case("fcn_s", "real", backend, 1) for backend in (NATIVE, TORCH, ENGINE)]
    with Progress(disable=True) as display:
        rows = steps.measure_group(cases, {}, tmp_path / "scene.npz", 1, 0.0, display)
    assert [row["backend"] for row in rows] == [NATIVE, TORCH, ENGINE]
    assert all(row["same_argmax_as_torch"] > 0.99 and row["score_difference_to_torch"] < 1e-5 for row in rows)
    assert all(0 < row["forward_ms"] < row["step_ms"] and 0 < row["peak_mb"] < 4000 for row in rows)
