"""The data benchmark: its arithmetic, its naive way, and that its two files say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.data import naive, program
from benchmarks.data.report import markdown, summary
from benchmarks.data.scenes import same
from benchmarks.data.steps import Loading, loadings
from benchmarks.data.steps import row_of as step_row
from benchmarks.data.timing import in_turn, row_of
from benchmarks.data.verdicts import verdicts
from bscnet.data.voxelize import voxelize
from bscnet.datasets.scannet import ScanNet
from bscnet.datasets.scannet import mesh as meshes
from bscnet.errors import InputError
from fixtures.scannet_files import write_root


def report() -> dict[str, Any]:
    scenes = [
        row_of("read mesh and labels", "room", {"ours": [2.0, 4.0, 3.0], "naive": [3.0, 3.0, 9.0]}),
        row_of("voxelize", "room 5 cm", {"ours": [2.0, 2.0, 2.0], "naive": [20.0, 30.0, 10.0]}),
        row_of("voxelize", "room 2 cm", {"ours": [4.0, 4.0, 4.0], "naive": [6.0, 6.0, 6.0]}),
        row_of("training sample, from its files", "room 5 cm", {"ours": [8.0]}),
    ]
    steps = [
        step_row(Loading("torch", 2, 0), 0.05, [[(10.0, 90.0)]]),
        step_row(Loading("torch", 2, 1), 0.05, [[(1.0, 99.0), (3.0, 97.0)], [(0.0, 100.0)]]),
        step_row(Loading("minkowski", 2, 1, prepare=False), 0.05, [[(10.0, 90.0)]]),
    ]
    about = {"cpu": "a CPU", "cores": 2, "torch": "2.0", "numpy": "2.0", "rounds": 3, "step_rounds": 2, "step_count": 2}
    formats = [row_of("read .ply", "9 points", {"ours": [1.0], "naive": [5.0]})]
    parts = dict.fromkeys(("read", "voxelize", "network", "label points", "write"), 0.5)
    labelling = [
        {"points": 5000, "mb": 1.5, "voxels": 70, "seconds": 3.0, "parts": parts, "engine_mb": 2.0, "peak_mb": 80.0}
    ]
    found = {**about, "left_out": [], "scenes": scenes, "formats": formats, "labelling": labelling, "steps": steps}
    return found | {"verdicts": verdicts(found)}


def test_ways_take_turns_and_the_first_round_is_not_counted() -> None:
    calls: list[str] = []
    times = in_turn({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, rounds=3)
    assert calls == ["a", "b"] * 4
    assert [len(values) for values in times.values()] == [3, 3] and all(t >= 0 for v in times.values() for t in v)


def test_a_row_has_medians_and_the_ratios_of_rounds() -> None:
    row = report()["scenes"][0]
    assert (row["ours_ms"], row["naive_ms"], row["ratio"]) == (3, 3, 1)
    assert (row["ratio_min"], row["ratio_max"]) == (0.75, 3)
    assert row["per_s"] == pytest.approx(1000 / 3)
    assert "ratio" not in report()["scenes"][3]


def test_waiting_is_a_share_of_all_time() -> None:
    row = report()["steps"][1]
    assert (row["steps"], row["step_ms"], row["wait_ms"]) == (3, 100, 1)
    assert (row["share"], row["share_min"], row["share_max"]) == pytest.approx((4 / 300, 0, 0.02))


def test_targets_are_voxelizing_and_waiting_with_one_worker() -> None:
    found = {verdict["what"]: verdict["missed_by"] for verdict in report()["verdicts"]}
    assert found == pytest.approx(
        {
            "voxelize: naive / ours, room 5 cm": 0,
            "voxelize: naive / ours, room 2 cm": 0.5,
            "share of waiting, torch, 5 cm, 2 threads, one worker": 0,
            "share of waiting, minkowski, 5 cm, 2 threads, one worker": 1,
        }
    )


def test_maps_are_prepared_for_torch_alone() -> None:
    ways = loadings(["torch", "minkowski"], [2, 1])
    assert len(set(ways)) == len(ways) == 13
    assert {way.threads for way in ways if way.backend == "minkowski"} == {2}
    assert {(way.backend, way.workers) for way in ways if way.prepare} == {("torch", 1), ("torch", 2)}


def test_the_naive_way_gives_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    positions, feats = rng.uniform(-9, 9, (3000, 3)), rng.standard_normal((3000, 4)).astype(np.float32)
    assert same(naive.voxelize(positions, feats), voxelize(positions, feats))
    assert not same(naive.voxelize(positions, feats), voxelize(positions, feats + np.float32(1)))
    root = write_root(tmp_path, train=1, val=1)
    source = ScanNet(root)
    mesh, labels = source.files(source.scenes("train")[0])[:2]
    for found, expected in zip(naive.read_mesh(mesh), meshes.read_mesh(mesh), strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(naive.read_labels(labels), meshes.read_labels(labels, len(found)))


def test_markdown_and_json_give_the_same_numbers(tmp_path: Path) -> None:
    program.RESULTS.write(report(), tmp_path / "new")
    twin = json.loads((tmp_path / "new" / "data.json").read_text())
    text = (tmp_path / "new" / "data.md").read_text()
    assert text == markdown(twin)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["data.json", "data.md"]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    (cells,) = (row for row in rows if row[:2] == ["voxelize", "room 2 cm"])
    assert [float(cell) for cell in cells[4:]] == pytest.approx([4, 250, 6, 167, 1.5, 1.5, 1.5], rel=0.005)
    (cells,) = (row for row in rows if row[0].startswith("share of waiting, minkowski"))
    assert cells[1:3] == ["<= 0.05", "no, by 100 %"]
    (cells,) = (row for row in rows if row[0] == "read .ply")
    assert [float(cell) for cell in cells[2:]] == [1, 5, 5, 5, 5]
    (cells,) = (row for row in rows if row[0] == "5,000")
    assert [float(cell) for cell in cells[1:]] == [1.5, 70, 3, 0.5, 0.5, 0.5, 0.5, 0.5, 2, 80]
    assert "rooms are simulated" in text and "rooms are simulated" in summary(twin)


def test_no_rounds_are_refused() -> None:
    with pytest.raises(InputError, match="--rounds is 0, it must be at least 1"):
        program.run(["--rounds", "0"])


@pytest.mark.slow
def test_a_quick_run_writes_where_it_is_told_and_nowhere_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = write_root(tmp_path / "scans", train=1, val=1, points=400)
    words = ["--quick", "--torch-only", "--rounds", "1", "--rooms", str(root), "--out", str(tmp_path / "out")]
    assert program.run(words) == 0
    found = json.loads((tmp_path / "out" / "data.json").read_text())
    assert {row["workers"] for row in found["steps"]} == {0, 1, 2}
    formats = [row["what"].removeprefix("read .") for row in found["formats"]]
    assert formats == ["ply", "las", "laz", "pcd", "npz", "csv"]
    (labelled,) = found["labelling"]
    assert labelled["points"] == 20_000 and 0 < labelled["voxels"] <= 20_000 and labelled["peak_mb"] > 10
    assert all(0 <= row["share"] < 1 and row["step_ms"] > row["wait_ms"] >= 0 for row in found["steps"])
    assert capsys.readouterr().out.strip() == (tmp_path / "out" / "data.md").read_text().strip()
