from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.common.chains import scores_at
from benchmarks.quick_rooms.before import ALIKE, times_before
from benchmarks.quick_rooms.records import (
    find_manifests,
    missing_chains,
    newest_finished,
    read_record,
)
from benchmarks.quick_rooms.report import notes
from benchmarks.quick_rooms.summary import markdown_table, method_row, spread
from bscnet.errors import InputError
from bscnet.runs.stage import StageOutcome
from bscnet.viz.comparison import score_figure

COST = {"ops_executed": 8.2e6, "ops_nominal": 8.6e6, "weight_bytes": 2.0**20, "weight_bytes_real": 2.0**24}


def write_chain(
    folder: Path, method: str, seed: int, miou: float = 0.5, stages: int = 2, age: int = 0, **changes: Any
) -> Path:
    """A chain as its directory looks afterwards: result.json, and the last stage's CSV with three epochs."""
    directory = folder / f"{method}-{seed}-{age}" / "001"
    (directory / f"stage{stages}" / "csv" / "version_0").mkdir(parents=True)
    rows = [
        {
            "stage": number,
            "name": "x",
            "precision": "a1w1",
            "checkpoint": f"stage{number}/checkpoints/last.ckpt",
            "epochs": 10 * number,
            "val_miou": miou,
            "seconds": 1.5 * number,
        }
        for number in range(1, stages + 1)
    ]
    content = {
        **{"method": method, "model": "unet_s", "data": "rooms", "voxel_size": 0.1, "backend": "torch"},
        **{"recipe": "quick", "seed": seed, "commit": "abc", "status": "finished", "failure": None},
        "planned": list(range(1, stages + 1)),
        "stages": rows,
        **changes,
    }
    (directory / "result.json").write_text(json.dumps(content))
    os.utime(directory / "result.json", (10_000 - age, 10_000 - age))
    (directory / f"stage{stages}" / "csv" / "version_0" / "metrics.csv").write_text(
        f"epoch,step,val/miou,val/acc,val/macc\n0,1,0.1,0.2,0.15\n1,2,{miou},0.7,0.6\n2,3,0.05,0.3,0.2\n"
    )
    return directory


def test_the_newest_finished_chain_of_a_method_and_seed_counts(tmp_path: Path) -> None:
    write_chain(tmp_path, "real", 0, age=2)
    newest = write_chain(tmp_path, "real", 0, age=1)
    write_chain(tmp_path, "real", 0, age=0, status="interrupted")
    write_chain(tmp_path, "bsc_net", 0, planned=[2], stages=1)  # a stage that was run alone
    finished = newest_finished(find_manifests(tmp_path))
    assert {key: manifest.directory for key, manifest in finished.items()} == {("real", 0): newest}


def test_missing_chains_are_named_with_their_state(tmp_path: Path) -> None:
    write_chain(tmp_path, "real", 0)
    write_chain(tmp_path, "real", 1, status="failed", failure="stage 1: no")
    sentences = missing_chains(find_manifests(tmp_path), ["real", "bsc_net"], [0, 1])
    assert sentences == ["real seed 1: failed", "bsc_net seed 0: no chain", "bsc_net seed 1: no chain"]


def test_chains_of_one_backend_are_chosen(tmp_path: Path) -> None:
    native = write_chain(tmp_path, "real", 0, age=1, backend="native")
    write_chain(tmp_path, "real", 0, age=0)
    write_chain(tmp_path, "real", 1)
    manifests = find_manifests(tmp_path)
    finished = newest_finished(manifests, "native")
    assert {key: manifest.directory for key, manifest in finished.items()} == {("real", 0): native}
    assert missing_chains(manifests, ["real"], [0, 1], "native") == ["real seed 1: no chain"]
    assert missing_chains(manifests, ["real"], [0, 1]) == []


def test_times_of_the_table_before_stand_beside(tmp_path: Path) -> None:
    write_chain(tmp_path, "real", 0, backend="native", stages=1)
    (manifest,) = find_manifests(tmp_path)
    alike = dict.fromkeys(ALIKE, "same")
    old_row = {"method": "real", "backends": ["minkowski"], "commits": ["abc"], "seconds": {"mean": 130.4}}
    file = tmp_path / "quick_rooms.json"
    assert times_before(file, alike, "native") is None
    file.write_text(json.dumps({**alike, "rows": [old_row]}))
    before = times_before(file, alike, "native")
    assert before == {"backends": ["minkowski"], "commits": ["abc"], "seconds": {"real": 130.4}}
    assert times_before(file, {**alike, "val_scenes": "other"}, "native") is None
    # the table made again of the same backend keeps what it was compared with
    file.write_text(json.dumps({**alike, "rows": [{**old_row, "backends": ["native"]}], "before": before}))
    assert times_before(file, alike, "native") == before
    row = method_row([read_record(manifest)], [COST])
    head, _, line = markdown_table([row], before).splitlines()
    assert head.endswith("| time, s | time on minkowski, s |") and line.endswith("| 2 | 130 |")
    facts = {"rows": [row], "before": before, "missing": [], "simulated": True, "voxel_size": 0.1}
    facts |= {"train_scenes": 2, "val_scenes": 1, "model": "unet_s", "recipe": "quick"}
    assert "Time on minkowski: of the table before this one, commit abc, not of the same run.\n" in notes(facts)
    assert "Time on" not in notes({**facts, "before": None})


def test_a_folder_without_chains_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no chain"):
        find_manifests(tmp_path)


def test_chains_of_different_data_are_not_mixed(tmp_path: Path) -> None:
    write_chain(tmp_path, "real", 0)
    write_chain(tmp_path, "bsc_net", 0, voxel_size=0.05)
    with pytest.raises(InputError, match="same voxel_size"):
        newest_finished(find_manifests(tmp_path))


def test_a_record_sums_the_stages_and_takes_the_scores_of_the_checkpoint(tmp_path: Path) -> None:
    write_chain(tmp_path, "bsc_net", 2, miou=0.5)
    (manifest,) = find_manifests(tmp_path)
    record = read_record(manifest)
    assert (record.method, record.seed, record.stages, record.epochs, record.seconds) == ("bsc_net", 2, 2, 30, 4.5)
    assert record.scores == {"val/miou": 0.5, "val/acc": 0.7, "val/macc": 0.6}


def test_scores_of_equal_epochs_are_those_of_the_latest() -> None:
    old = StageOutcome(1, "x", "a1w1", "last.ckpt", epochs=3, val_miou=0.3, seconds=1.0)
    curves = {"val/miou": [(0, 0.3), (1, 0.3), (2, 0.2)], "val/acc": [(0, 0.1), (1, 0.2), (2, 0.4)]}
    assert scores_at(curves, old) == {"val/miou": 0.3, "val/acc": 0.2}
    assert scores_at({}, old) == {}


def test_the_checkpoints_epoch_decides_where_the_record_says_it() -> None:
    known = StageOutcome(1, "x", "a1w1", "best.ckpt", epochs=4, val_miou=0.3, seconds=1.0, epoch=0)
    curves = {"val/miou": [(0, 0.3), (1, 0.3), (3, 0.3)], "val/acc": [(0, 0.1), (1, 0.2), (3, 0.5)]}
    assert scores_at(curves, known)["val/acc"] == 0.1
    assert scores_at(curves, replace(known, epoch=2))["val/acc"] == 0.2  # epoch 2 was not scored
    assert scores_at(curves, replace(known, epoch=3))["val/acc"] == 0.5
    assert scores_at({"val/miou": [(1, 0.3)]}, known) == {}


def test_spread_of_three_numbers_and_of_one() -> None:
    assert spread([1.0, 2.0, 3.0]) == {"mean": 2.0, "std": 1.0, "min": 1.0, "max": 3.0}
    assert spread([4.0]) == {"mean": 4.0, "std": None, "min": 4.0, "max": 4.0}


def test_the_table_has_a_row_a_method(tmp_path: Path) -> None:
    for seed, miou in enumerate((0.1, 0.2, 0.3)):
        write_chain(tmp_path, "bsc_net", seed, miou)
    write_chain(tmp_path, "real", 0, 0.4, stages=1)
    finished = newest_finished(find_manifests(tmp_path))
    records = {key: read_record(manifest) for key, manifest in finished.items()}
    net = method_row([records["bsc_net", seed] for seed in (0, 1, 2)], [COST] * 3)
    real = method_row([records["real", 0]], [COST])
    assert json.loads(json.dumps(net)) == net
    head, rule, *rows = markdown_table([real, net]).splitlines()
    assert head.count("|") == rule.count("|") == rows[0].count("|") == rows[1].count("|")
    cells = [cell.strip() for cell in rows[1].strip("|").split("|")]
    assert cells == [
        *("`bsc_net`", "2", "30", "3", "20.00 ± 10.00", "10.00 to 30.00", "70.00 ± 0.00", "60.00 ± 0.00"),
        *("8.2", "8.6", "1.000", "16.000", "4"),
    ]
    assert "40.00 |" in rows[0] and "±" not in rows[0]


def test_the_plot_shows_every_seed() -> None:
    (axes,) = score_figure({"real": [0.3, 0.3], "bsc_net": [0.1]}, "title").axes
    assert [sorted(line.get_ydata()) for line in axes.lines] == [[30.0, 30.0], [10.0]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["real", "bsc_net"]
