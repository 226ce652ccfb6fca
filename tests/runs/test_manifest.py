from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bscnet.errors import InputError
from bscnet.runs.manifest import Manifest
from bscnet.runs.outcome import load_outcome, save_outcome
from bscnet.runs.stage import StageOutcome

FACTS = {
    "method": "bsc_net",
    "model": "fcn_s",
    "data": "rooms",
    "voxel_size": 0.05,
    "backend": "auto",
    "recipe": "quick",
    "seed": 0,
    "commit": None,
}


def make_outcome(directory, stage, **changes):
    folder = directory / f"stage{stage}"
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    checkpoint = folder / "checkpoints" / "last.ckpt"
    checkpoint.touch()
    return replace(StageOutcome(stage, "search", "a1w32", str(checkpoint), 3, 0.25, 1.5), **changes)


def test_the_file_holds_what_the_contract_names(tmp_path):
    manifest = Manifest(tmp_path, dict(FACTS), [1, 2])
    manifest.record(make_outcome(tmp_path, 1, backend="torch"))
    manifest.save()
    content = json.loads((tmp_path / "result.json").read_text())
    assert {key: content[key] for key in FACTS} == {**FACTS, "backend": "torch"}
    assert content["status"] == "running"
    (row,) = content["stages"]
    assert (row["stage"], row["epochs"], row["val_miou"], row["seconds"]) == (1, 3, 0.25, 1.5)
    assert row["checkpoint"] == str(tmp_path / "stage1" / "checkpoints" / "last.ckpt")
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["result.json"]


def test_what_is_saved_is_loaded(tmp_path):
    manifest = Manifest(tmp_path, dict(FACTS), [1, 2], "failed", "stage 2: no")
    manifest.record(make_outcome(tmp_path, 2))
    manifest.record(make_outcome(tmp_path, 1))
    manifest.save()
    assert Manifest.load(tmp_path) == manifest
    assert [row.stage for row in manifest.stages] == [1, 2]


def test_a_stage_without_its_files_does_not_count(tmp_path):
    manifest = Manifest(tmp_path, dict(FACTS), [1])
    outcome = make_outcome(tmp_path, 1)
    manifest.record(outcome)
    assert manifest.outcome(1) == outcome
    manifest.record(replace(outcome, plan_path=str(tmp_path / "stage1" / "plan.json")))
    assert manifest.outcome(1) is None
    (tmp_path / "stage1" / "plan.json").touch()
    assert manifest.outcome(1) is not None
    (tmp_path / "stage1" / "checkpoints" / "last.ckpt").unlink()
    assert manifest.outcome(1) is None


def test_a_stage_that_ended_unseen_is_found(tmp_path):
    manifest = Manifest(tmp_path, dict(FACTS), [1, 2])
    manifest.save()
    outcome = make_outcome(tmp_path, 1, backend="torch")
    save_outcome(tmp_path / "stage1", outcome)
    (tmp_path / "old-stage2-1").mkdir()
    save_outcome(tmp_path / "old-stage2-1", replace(outcome, stage=2))
    found = Manifest.load(tmp_path)
    assert found.stages == [outcome]
    assert found.facts["backend"] == "torch"


def test_a_moved_chain_finds_its_checkpoints(tmp_path):
    manifest = Manifest(tmp_path / "a", dict(FACTS), [1])
    (tmp_path / "a").mkdir()
    manifest.record(make_outcome(tmp_path / "a", 1))
    manifest.save()
    (tmp_path / "a").rename(tmp_path / "b")
    outcome = Manifest.load(tmp_path / "b").outcome(1)
    assert outcome is not None
    assert outcome.checkpoint == str(tmp_path / "b" / "stage1" / "checkpoints" / "last.ckpt")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"planned": [1], "status": "x", "failure": null, "stages": [3]}']
)
def test_a_broken_file_is_named(tmp_path, text):
    (tmp_path / "result.json").write_text(text)
    with pytest.raises(InputError, match=r"result\.json"):
        Manifest.load(tmp_path)


def test_a_missing_or_broken_outcome_is_named(tmp_path):
    with pytest.raises(InputError, match=r"outcome\.json cannot be read"):
        load_outcome(tmp_path)
    (tmp_path / "outcome.json").write_text('{"stage": 1}')
    with pytest.raises(InputError, match=r"outcome\.json is not the record of a stage"):
        load_outcome(tmp_path)
