from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from benchmarks.real_lidar import chains, program
from benchmarks.real_lidar.baseline import fold_baseline
from benchmarks.real_lidar.chains import PLAIN, WITH_HEIGHT, Case, finished, run_case, wanted_cases
from benchmarks.real_lidar.plot import fold_figure
from benchmarks.real_lidar.report import points_table, rows_table, summary
from benchmarks.real_lidar.summary import baseline_row, method_rows
from bscnet.errors import InputError, shown
from bscnet.paths import config_dir
from fixtures.real_clouds import folder_with

IOU = {"ground": 0.9, "vegetation": 0.8, "building": 0.1}


def write_chain(folder: Path, case: Case, miou: float, *overrides: str, age: int = 0, status: str = "finished") -> Path:
    """A chain of one stage as its directory looks afterwards: result.json, its configuration, and its CSV."""
    directory = folder / f"{case.method}-{case.fold}-{case.seed}-{len(case.features)}-{age}" / "001"
    (directory / "stage1" / "csv" / "version_0").mkdir(parents=True)
    (directory / "stage1" / ".hydra").mkdir()
    with initialize_config_dir(config_dir(), version_base="1.3"):
        config = compose("config", ["experiment=real_lidar", *case.overrides, *overrides])
    OmegaConf.save(config, directory / "stage1" / ".hydra" / "config.yaml")
    stage = {"stage": 1, "name": "x", "precision": "a1w1", "checkpoint": "stage1/checkpoints/last.ckpt"}
    content = {
        **{"method": case.method, "model": "unet_s", "data": "real_lidar", "voxel_size": 0.1, "backend": "torch"},
        **{"recipe": "quick", "seed": case.seed, "commit": "abc", "status": status, "failure": None, "planned": [1]},
        "stages": [{**stage, "epochs": 15, "val_miou": miou, "seconds": 60.0}],
    }
    (directory / "result.json").write_text(json.dumps(content))
    os.utime(directory / "result.json", (10_000 - age, 10_000 - age))
    heads = ",".join(f"val/iou/{name}" for name in IOU)
    values = ",".join(map(str, IOU.values()))
    (directory / "stage1" / "csv" / "version_0" / "metrics.csv").write_text(
        f"epoch,step,val/miou,val/acc,{heads}\n0,1,0.01,0.2,0,0,0\n1,2,{miou},0.7,{values}\n"
    )
    return directory


def test_the_first_seed_makes_a_whole_table_before_the_next_begins() -> None:
    wanted = wanted_cases(("real", "bsc_net"), (0, 1), [0, 1], [0])
    assert len(wanted) == len(set(wanted)) == 2 * 2 * 3
    assert [(case.seed, case.features) for case in wanted[::4]] == [(0, PLAIN), (0, WITH_HEIGHT), (1, PLAIN)]
    assert str(wanted[5]) == "bsc_net fold 0 seed 0 with height"


def test_the_newest_finished_chain_of_a_case_counts(tmp_path: Path) -> None:
    case, other = Case("real", 1, 0), Case("real", 1, 0, WITH_HEIGHT)
    write_chain(tmp_path, case, 0.3, age=3)
    newest = write_chain(tmp_path, case, 0.5, age=2)
    write_chain(tmp_path, case, 0.6, age=1, status="interrupted")
    write_chain(tmp_path, other, 0.7)
    found = finished(tmp_path)
    assert found.keys() == {case, other}
    result = found[case]
    assert (result.manifest.directory, result.miou, result.acc, result.epochs) == (newest, 0.5, 0.7, 15)
    assert result.iou == IOU and result.seconds == 60.0
    assert finished(tmp_path / "none") == {}


def test_chains_that_differ_in_more_than_fold_and_features_are_not_mixed(tmp_path: Path) -> None:
    first = write_chain(tmp_path, Case("real", 0, 0), 0.5, age=1)
    second = write_chain(tmp_path, Case("real", 1, 0, WITH_HEIGHT), 0.5, "data.building_ceiling=6.0")
    with pytest.raises(InputError, match=f"{first} and {second} differ in data.building_ceiling"):
        finished(tmp_path)


def test_chains_of_other_data_are_refused(tmp_path: Path) -> None:
    directory = write_chain(tmp_path, Case("real", 0, 0), 0.5)
    path = directory / "stage1" / ".hydra" / "config.yaml"
    path.write_text(path.read_text().replace("name: real_lidar", "name: rooms"))
    with pytest.raises(InputError, match="is a chain on rooms, this table takes real_lidar alone"):
        finished(tmp_path)


def test_a_damaged_configuration_is_named(tmp_path: Path) -> None:
    path = write_chain(tmp_path, Case("real", 0, 0), 0.5) / "stage1" / ".hydra" / "config.yaml"
    path.write_text("data: [")
    with pytest.raises(InputError, match=rf"{path} cannot be read as a configuration"):
        finished(tmp_path)
    path.unlink()
    with pytest.raises(InputError, match=rf"{path} is not there"):
        finished(tmp_path)


def test_a_case_is_run_with_what_makes_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[list[str]] = []

    class Done:
        returncode = 3

    def run(command: list[str], check: bool) -> Done:
        seen.append(command)
        return Done()

    monkeypatch.setattr(chains.subprocess, "run", run)
    assert run_case(Case("bsc_net", 2, 1, WITH_HEIGHT), tmp_path, ["threads=1"]) == 3
    assert seen[0][1:] == [
        *("-m", "bscnet.run", "experiment=real_lidar", "method=bsc_net", "data.fold=2", "seed=1"),
        *("data.features=[intensity,offset,above_ground]", f"output_dir={tmp_path}", "resume=true", "threads=1"),
    ]


def results(tmp_path: Path) -> dict[Case, Any]:
    """Method real: seeds 0 and 1 in fold 0, seed 0 in folds 1 and 2. Method bsc_net: two of three folds."""
    scores = {(0, 0): 0.4, (0, 1): 0.6, (1, 0): 0.2, (2, 0): 0.8}
    for (fold, seed), miou in scores.items():
        write_chain(tmp_path, Case("real", fold, seed), miou)
    write_chain(tmp_path, Case("bsc_net", 0, 0), 0.3)
    write_chain(tmp_path, Case("bsc_net", 1, 0), 0.3)
    return finished(tmp_path)


def test_a_row_is_the_mean_over_folds_of_the_mean_over_seeds(tmp_path: Path) -> None:
    rows = method_rows(results(tmp_path), ("real", "bsc_net"), (0, 1, 2))
    (row,) = rows  # bsc_net lacks a fold: its mean would be one over other points
    assert (row["method"], row["chains"], row["seeds"]) == ("real", 4, [0, 1])
    assert row["miou"] == pytest.approx(0.5) and row["fold_means"] == pytest.approx({0: 0.5, 1: 0.2, 2: 0.8})
    assert row["std_over_folds"] == pytest.approx(0.3) and row["std_over_seeds"] == pytest.approx(0.1 * 2**0.5)
    assert row["fold_values"] == {0: [0.4, 0.6], 1: [0.2], 2: [0.8]}
    assert row["iou"] == pytest.approx(IOU) and row["acc"] == pytest.approx(0.7)


def test_a_class_without_an_iou_in_one_fold_is_left_out_there() -> None:
    scores = [{"miou": value, "acc": 0.5, "iou": {"ground": value, "building": nan}} for value, nan in NANS]
    row = baseline_row(dict(enumerate(scores)))
    assert row["iou"] == {"ground": pytest.approx(0.5), "building": pytest.approx(0.3)}
    assert row["std_over_seeds"] is None and row["chains"] == 0


NANS = [(0.4, float("nan")), (0.6, 0.3)]


def test_the_tables_have_a_row_a_method_and_a_row_a_fold(tmp_path: Path) -> None:
    rows = method_rows(results(tmp_path), ("real",), (0, 1, 2))
    head, rule, line = rows_table(rows, (0, 1, 2), list(IOU)).splitlines()
    assert head.count("|") == rule.count("|") == line.count("|")
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells == [
        *("`real`", "no", "4", "50.00", "50.00", "20.00", "80.00", "30.00", "14.14"),
        *("90.00", "80.00", "10.00", "70.00", "60"),
    ]
    counted = {"train": 18955, "gap": 1019, "held_out": 5434, "held_out_by_class": {"ground": 3421}}
    assert points_table({0: counted}).splitlines()[2] == "| 0 | 18,955 | 1,019 | 5,434 | 3,421 |"


def test_the_plot_shows_every_chain(tmp_path: Path) -> None:
    (axes,) = fold_figure(method_rows(results(tmp_path), ("real",), (0, 1, 2)), "title").axes
    assert [sorted(line.get_ydata()) for line in axes.lines] == [[40.0, 60.0], [20.0], [80.0]]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["fold 0", "fold 1", "fold 2"]


def test_the_height_alone_knows_the_ground_and_takes_buildings_for_trees() -> None:
    root = folder_with("lidar_block")
    for fold, (held_out, miou) in enumerate(((5434, 0.649), (11416, 0.655), (8558, 0.668))):
        score, points = fold_baseline(str(root), gap=1.0, building_ceiling=None, fold=fold)
        assert points["held_out"] == held_out and points["train"] + points["gap"] + held_out == 25408
        assert score["iou"]["ground"] > 0.9 and score["iou"]["building"] < 0.5
        assert score["miou"] == pytest.approx(miou, abs=1e-3)
        assert score["iou"].keys() == IOU.keys()
        assert score["miou"] == pytest.approx(sum(score["iou"].values()) / 3)


def test_the_command_writes_the_table_of_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, runs = folder_with("lidar_block"), tmp_path / "runs"
    for fold in range(3):
        write_chain(runs, Case("real", fold, 0), 0.5 + 0.1 * fold, f"data.root={root}", "threads=1")
    words = ["--runs", str(runs), "--out", str(tmp_path / "out"), "--seeds", "0", "--no-run", "--height-seeds"]
    assert program.run(words) == 0
    assert "missing: bsc_net fold 2 seed 0" in capsys.readouterr().err
    document = (tmp_path / "out" / "real_lidar.md").read_text()
    for sentence in ("no number here can be compared with one on ScanNet", "machine-made", "very small", "abc"):
        assert sentence in document
    assert "| height alone | yes |" in document and "| `real` | no | 3 | 60.00 |" in document
    found = json.loads((tmp_path / "out" / "real_lidar.json").read_text())
    assert "3 folds and seed 0: `real` 60.0 %, and 65.7 % by height alone. 6 chains are still missing." in summary(
        found
    )
    assert found["points_total"] == 25408 and len(found["chains"]) == 3 and len(found["rows"]) == 2
    assert (tmp_path / "out" / "real_lidar.png").stat().st_size > 1000


def test_without_a_whole_set_of_folds_there_is_no_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_chain(tmp_path, Case("real", 0, 0), 0.5)
    words = ["--runs", str(tmp_path), "--out", str(tmp_path), "--no-run"]
    assert shown(lambda: program.run(words)) == 2
    assert "has a finished chain in every one of the folds" in capsys.readouterr().err
