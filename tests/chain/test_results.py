"""Finished chains below a folder are found, the newest of each configuration, with their scores."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from bscnet.chain.manifest import Manifest
from bscnet.chain.results import read_results
from bscnet.errors import InputError
from bscnet.training.stage import StageOutcome

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
    assert [one.label for one in found] == ["bsc_net fcn_s", "real fcn_s", "real fcn_s"]
    assert [one.manifest.directory.parent.name for one in found] == ["b", "a", "fold1"]
    assert found[1].miou == 0.2 and found[1].scores == SCORES
    assert math.isnan(found[2].miou) and found[0].scores is None


@pytest.mark.parametrize(
    "content, sentence", [("{", "cannot be read as JSON"), ("[]", "lacks miou"), ("{}", "lacks miou")]
)
def test_damaged_scores_are_one_sentence(tmp_path: Path, content: str, sentence: str) -> None:
    (write_chain(tmp_path, "a", 1, 0.1) / "scores.json").write_text(content)
    with pytest.raises(InputError, match=sentence):
        read_results(tmp_path)


def test_a_folder_without_finished_chains_is_one_sentence(tmp_path: Path) -> None:
    write_chain(tmp_path, "a", 1, 0.1, status="interrupted")
    with pytest.raises(InputError, match="holds no finished chain"):
        read_results(tmp_path)
