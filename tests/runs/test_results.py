"""Finished chains below a folder are found, the newest of each configuration, with their scores."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from bscnet.errors import InputError
from bscnet.runs.manifest import Manifest
from bscnet.runs.results import by_label, read_results
from bscnet.runs.stage import StageOutcome

SCORES: dict[str, Any] = {"miou": 0.5, "macc": 0.6, "acc": 0.7, "classes": {}, "scenes": {}}


def write_chain(folder: Path, home: str, number: int, miou: float, status: Any = "finished", **facts: Any) -> Path:
    directory = folder / home / f"{number:03d}"
    directory.mkdir(parents=True)
    known = {"method": "real", "model": "fcn_s", "data": "rooms", "voxel_size": 0.1, "recipe": "quick", "seed": 0}
    stage = StageOutcome(
        stage=1, name="real", precision="a32w32", checkpoint=str(directory / "last.ckpt"), epochs=1, val_miou=miou,
        seconds=1.0, plan_path=None, best_val_miou=miou,
    )  # fmt: skip
    (directory / "last.ckpt").touch()
    facts = {**known, "backend": "torch", "commit": None, **facts}
    manifest = Manifest(directory, facts, [1], status, None, [stage])
    manifest.save()
    os.utime(manifest.path, (1000 + number, 1000 + number))
    return directory


def test_the_newest_finished_chain_of_each_configuration(tmp_path: Path) -> None:
    write_chain(tmp_path, "a", 1, 0.1)
    newest = write_chain(tmp_path, "a", 2, 0.2)
    write_chain(tmp_path, "a", 3, 0.3, status="failed")
    write_chain(tmp_path, "fold1", 1, math.nan)  # the same facts, another configuration
    write_chain(tmp_path, "b", 1, 0.4, method="bsc_net", seed=3)
    (newest / "scores.json").write_text(json.dumps(SCORES))
    found = read_results(tmp_path)
    assert [one.manifest.facts["method"] for one in found] == ["bsc_net", "real", "real"]
    assert [one.manifest.directory.parent.name for one in found] == ["b", "a", "fold1"]
    assert found[1].miou == 0.2 and found[1].scores == SCORES
    assert math.isnan(found[2].miou) and found[0].scores is None


@pytest.mark.parametrize(
    "content, sentence", [("{", "is not valid JSON"), ("[]", "must hold a JSON object"), ("{}", "lacks miou")]
)
def test_damaged_scores_are_one_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    (write_chain(tmp_path, "a", 1, 0.1) / "scores.json").write_text(content)
    with pytest.raises(InputError, match=sentence):
        read_results(tmp_path)


def test_a_folder_without_finished_chains_is_one_sentence(tmp_path: Path) -> None:
    write_chain(tmp_path, "a", 1, 0.1, status="interrupted")
    with pytest.raises(InputError, match="holds no finished chain"):
        read_results(tmp_path)


def test_only_seeds_are_laid_together(tmp_path: Path) -> None:
    write_chain(tmp_path, "a", 1, 0.1, seed=0)
    write_chain(tmp_path, "b", 1, 0.2, seed=1)
    assert {label: [one.miou for one in group] for label, group in by_label(read_results(tmp_path)).items()} == {
        "real fcn_s": [0.1, 0.2]
    }
    others: dict[str, Any] = {
        "real fcn_s nyu_depth_v2": {"data": "nyu_depth_v2"},
        "real fcn_s folder attic": {"data": "folder", "root": "/scans/attic"},
        "real fcn_s folder cellar": {"data": "folder", "root": "/scans/cellar"},
    }
    for number, facts in enumerate(others.values()):
        write_chain(tmp_path, f"c{number}", 1, 0.3, **facts)
    assert set(by_label(read_results(tmp_path))) == {"real fcn_s rooms", *others}


@pytest.mark.parametrize(
    "key, values, labels",
    [
        ("fold", (0, 1), ("fold 0", "fold 1")),
        ("features", (["rgb"], ["rgb", "height"]), ("rgb", "rgb+height")),
        ("voxel_size", (0.05, 0.02), ("5 cm", "2 cm")),
        ("recipe", ("quick", "paper"), ("quick", "paper")),
    ],
)
def test_what_tells_runs_apart_is_in_their_label(
    key: str, values: tuple[Any, Any], labels: tuple[str, str], tmp_path: Path
) -> None:
    for number, value in enumerate(values):
        write_chain(tmp_path, f"a{number}", 1, 0.1, **{key: value})
    assert set(by_label(read_results(tmp_path))) == {f"real fcn_s {label}" for label in labels}
