"""The training benchmark: what is run, how it is judged, and that its two files say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.common.engines import ENGINE, ENGINE_AS_IT_COMES, TORCH, openblas_threads
from benchmarks.common.results import Results
from benchmarks.training import program
from benchmarks.training.cases import NETWORKS, VARIANTS, Case, cases_of
from benchmarks.training.measure import Child, row_of
from benchmarks.training.report import markdown
from benchmarks.training.verdicts import verdicts
from bscnet.errors import InputError
from fixtures.scannet_files import write_root

ROOT = Path(__file__).resolve().parents[2]
MILLISECONDS = {"real": 100.0, "ssc": 200.0, "sfsc": 520.0, "search": 600.0}
SLOWDOWN = {TORCH: 1.0, ENGINE: 1.5, ENGINE_AS_IT_COMES: 4.0}


def row(case: Case, steps: list[float]) -> dict[str, Any]:
    answers = [{"forward_ms": ms / 3, "step_ms": ms, "peak_mb": 0.1 * ms} for ms in [1e5, *steps]]
    scores = np.eye(4, 3, dtype=np.float32)
    return row_of(case, 2, answers, scores, scores)


def report(with_engine: bool = True) -> dict[str, Any]:
    cases = [case for network in NETWORKS for case in cases_of(network, with_engine)]
    rows = []
    for case in cases:
        step = MILLISECONDS[case.variant] * SLOWDOWN[case.backend]
        rows.append(row(case, [1.1 * step, step, 0.7 * step]))
    about = {"scene": "scene0000_00", "simulated": True, "voxel_size": 0.05, "sites": 1234, "neighbours": 17.25}
    machine = {"cpu": "a CPU", "threads": 2, "torch": "2.0", "rounds": 3}
    left_out = None if with_engine else "MinkowskiEngine is not installed"
    return {**about, **machine, "engine_left_out": left_out, "rows": rows, "verdicts": verdicts(rows)}


def tables(text: str) -> list[list[list[str]]]:
    """Cells of the tables of a markdown file, heads first, rules left out."""
    blocks = [[line for line in part.splitlines() if line.startswith("|")] for part in text.split("\n\n")]
    return [
        [[cell.strip() for cell in line.strip("|").split("|")] for i, line in enumerate(block) if i != 1]
        for block in blocks
        if block
    ]


def test_engine_runs_with_one_openblas_thread_and_as_it_comes() -> None:
    cases = cases_of("fcn_s", with_engine=True)
    assert len(set(cases)) == len(cases) == 10
    assert {case.variant for case in cases if case.backend == ENGINE_AS_IT_COMES} == {"real", "ssc"}
    assert {(case.backend, case.sparse_backend, openblas_threads(case.backend, 6)) for case in cases} == {
        (TORCH, "torch", None),
        (ENGINE, "minkowski", 1),
        (ENGINE_AS_IT_COMES, "minkowski", 6),
    }
    alone = cases_of("fcn_s", with_engine=False)
    assert [(case.variant, case.backend) for case in alone] == [(variant, TORCH) for variant in VARIANTS]


def test_a_row_leaves_the_warm_up_out_of_times_but_not_of_memory() -> None:
    found = row(Case("fcn_s", "real", TORCH), [30.0, 10.0, 50.0])
    assert (found["step_ms"], found["step_ms_min"], found["step_ms_max"]) == (30, 10, 50)
    assert (found["forward_ms"], found["steps_ms"], found["peak_mb"]) == (10, [30, 10, 50], 1e4)


def test_a_row_compares_its_scores_with_those_of_torch() -> None:
    answers = [{"forward_ms": 1.0, "step_ms": 2.0, "peak_mb": 3.0}] * 2
    torch_scores = np.array([[4.0, 1.0], [0.0, 3.0], [2.0, 1.0], [-8.0, 0.0]])
    scores = torch_scores + np.array([[0.0, 0.0], [0.0, 0.0], [-1.0, 1.0], [2.0, 0.0]])
    real = row_of(Case("fcn_s", "real", ENGINE), 1, answers, scores, torch_scores)
    assert (real["same_argmax_as_torch"], real["score_difference_to_torch"]) == (0.75, 0.25)
    binary = row_of(Case("fcn_s", "sfsc", ENGINE), 1, answers, scores, torch_scores)
    assert (binary["same_argmax_as_torch"], binary["score_difference_to_torch"]) == (0.75, None)


def test_torch_is_judged_against_the_engine_both_ways() -> None:
    found = {(v["network"], v["what"]): v for v in report()["verdicts"]}
    assert len(found) == 6 * len(NETWORKS)
    for network in NETWORKS:
        tuned = found[network, "real-valued step: minkowski / torch"]
        as_it_comes = found[network, f"real-valued step: {ENGINE_AS_IT_COMES} / torch"]
        assert (tuned["ratio"], tuned["missed_by"]) == pytest.approx((1.5, 0.25))
        assert (as_it_comes["ratio"], as_it_comes["missed_by"]) == pytest.approx((4, 0))
        assert found[network, "sfsc step / ssc step on torch"]["missed_by"] == pytest.approx(0.04)
        assert found[network, "search step / ssc step on torch"]["missed_by"] == 0
        assert found[network, "search step / ssc step on minkowski"]["target"] is None


def test_without_the_engine_its_rows_verdicts_and_columns_are_left_out() -> None:
    alone = report(with_engine=False)
    assert {v["what"] for v in alone["verdicts"]} == {f"{v} step / ssc step on torch" for v in ("sfsc", "search")}
    text = markdown(alone)
    assert "MinkowskiEngine is left out: MinkowskiEngine is not installed." in text
    assert tables(text)[0][0][-1] == "peak MB"


def test_columns_of_the_tables_line_up() -> None:
    for block in markdown(report()).split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({tuple(i for i, c in enumerate(line) if c == "|") for line in lines}) == bool(lines)


def test_markdown_and_json_give_the_same_numbers(tmp_path: Path) -> None:
    program.RESULTS.write(report(), tmp_path / "new")
    twin = json.loads((tmp_path / "new" / "training.json").read_text())
    measured, judged = tables((tmp_path / "new" / "training.md").read_text())
    assert len(measured) - 1 == len(twin["rows"]) == 20
    for cells, found in zip(measured[1:], twin["rows"], strict=True):
        assert cells[:3] == [found["network"], VARIANTS[found["variant"]][2], found["backend"]]
        keys = ("forward_ms", "step_ms", "step_ms_min", "step_ms_max", "peak_mb")
        assert [float(cell) for cell in cells[3:8]] == pytest.approx([found[key] for key in keys], abs=0.5)
        assert float(cells[8].removesuffix("%")) == pytest.approx(100 * found["same_argmax_as_torch"], abs=0.005)
        assert cells[9] == ("0.0e+00" if found["variant"] == "real" else "")
    assert len(judged) - 1 == len(twin["verdicts"]) == 12
    for cells, found in zip(judged[1:], twin["verdicts"], strict=True):
        assert cells[:3] == [found["network"], found["what"], found["target"] or "none"]
        assert cells[3].split(",")[0] == {None: "", 0: "yes"}.get(found["missed_by"], "no")
        keys = ("ratio", "ratio_min", "ratio_max")
        assert [float(cell) for cell in cells[4:]] == pytest.approx([found[key] for key in keys], abs=0.005)


def test_the_readme_is_filled_from_the_last_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme, refill = tmp_path / "README.md", Results.refill
    monkeypatch.setattr(Results, "refill", lambda self, folder: refill(self, tmp_path / "benchmarks", readme))
    program.RESULTS.write(report(), tmp_path / "benchmarks")
    readme.write_text("before\n<!-- results:training -->\nold\n<!-- /results:training -->\nafter\n")
    assert program.run(["--readme"]) == 0
    before, *lines, after = readme.read_text().splitlines()
    assert (before, after) == ("before", "after") and "old" not in lines
    _, judged = tables((tmp_path / "benchmarks" / "training.md").read_text())
    assert tables("\n".join(lines[1:-1])) == [judged]
    assert "One simulated room of 1,234 sites at 5 cm, a CPU, 2 threads;" in lines[-2]
    alone = report(with_engine=False)
    program.RESULTS.write(alone, tmp_path / "benchmarks")
    assert program.run(["--readme"]) == 0
    assert "MinkowskiEngine is left out: MinkowskiEngine is not installed." in readme.read_text()


@pytest.mark.parametrize("words", [["--rounds", "0"], ["--threads", "-1"]])
def test_no_rounds_or_threads_is_refused(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{words[0]} is {words[1]}, it must be at least 1"):
        program.run([*words, "--out", str(tmp_path)])
    assert not list(tmp_path.iterdir())


def test_a_process_that_ends_says_why(tmp_path: Path) -> None:
    child = Child(Case("fcn_s", "real", TORCH), tmp_path / "none.npz", threads=1)
    try:
        with pytest.raises(RuntimeError, match=r"(?s)fcn_s, real, torch ended with status 1.*none\.npz"):
            child.answer()
    finally:
        child.close()


@pytest.mark.slow
def test_whole_run_on_the_torch_backend(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenes = write_root(tmp_path / "scenes", train=1, val=1, points=400)
    words = ["--rounds", "1", "--threads", "1", "--voxel-size", "0.1", "--torch-only"]
    assert program.run([*words, "--scenes", str(scenes), "--out", str(tmp_path / "out")]) == 0
    found = json.loads((tmp_path / "out" / "training.json").read_text())
    assert [(r["network"], r["variant"]) for r in found["rows"]] == [(n, v) for n in NETWORKS for v in VARIANTS]
    assert all(0 < r["forward_ms"] < r["step_ms"] and 1 < r["peak_mb"] < 4000 for r in found["rows"])
    assert {r["same_argmax_as_torch"] for r in found["rows"]} == {1.0}
    assert len(found["verdicts"]) == 4 and not found["simulated"] and found["scene"] == "scene1000_00"
    printed = capsys.readouterr()
    assert printed.out.strip() == (tmp_path / "out" / "training.md").read_text().strip()
    assert "MinkowskiEngine is left out" in printed.err
