from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bscnet.errors import InputError
from bscnet.runs.finished import chain_manifests, finished_manifests, require_comparable
from bscnet.runs.manifest import Manifest
from bscnet.runs.stage import StageOutcome


def write_chain(
    folder: Path, name: str, age: int, planned: list[int], done: list[int], status: Any = "finished"
) -> Path:
    directory = folder / name / "001"
    directory.mkdir(parents=True)
    stages = [StageOutcome(stage, "x", "a1w1", "last.ckpt", epochs=1, val_miou=0.5, seconds=1.0) for stage in done]
    manifest = Manifest(directory, {"method": "real"}, planned, status, None, stages)
    manifest.save()
    os.utime(manifest.path, (10_000 - age, 10_000 - age))
    return directory


def test_finished_chains_have_all_their_stages_and_come_oldest_first(tmp_path: Path) -> None:
    newest = write_chain(tmp_path, "a", 1, [1, 2], [1, 2])
    oldest = write_chain(tmp_path / "deeper", "b", 5, [1], [1])
    others = [
        write_chain(tmp_path, "interrupted", 2, [1, 2], [1, 2], "interrupted"),
        write_chain(tmp_path, "alone", 3, [2], [2]),
        write_chain(tmp_path, "part", 4, [1, 2], [1]),
    ]
    assert [manifest.directory for manifest in finished_manifests(tmp_path)] == [oldest, newest]
    assert [m.directory for m in chain_manifests(tmp_path)] == [oldest, *reversed(others), newest]
    assert finished_manifests(tmp_path / "none") == []


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    (write_chain(tmp_path, "a", 1, [1], [1]) / "result.json").write_text("{")
    with pytest.raises(InputError, match=r"result\.json is not valid JSON"):
        finished_manifests(tmp_path)


SETTINGS = {"model": {"m": 1}, "data": {"fold": 0, "root": "x"}, "recipe": {"epochs": 2}, "method": {"name": "real"}}


def composed(**changes: Any) -> Any:
    """Settings whose plain values are these."""
    return SimpleNamespace(plain={**SETTINGS, **changes})


@pytest.mark.parametrize(
    "changes, what",
    [
        ({"loss": {"name": "lovasz"}}, "loss"),
        ({"model": {"m": 2}}, "model"),
        ({"recipe": {"epochs": 3}}, "recipe"),
        ({"data": {"fold": 0, "root": "y"}}, r"data\.root"),
        ({"data": {"fold": 0}}, r"data\.root"),
        ({"data": {"fold": 0, "root": "x", "gap": None}}, r"data\.gap"),
    ],
)
def test_chains_that_no_table_may_mix(changes: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError, match=f"a and c differ in {what}, so no table may mix them"):
        require_comparable({Path("a"): composed(), Path("b"): composed(), Path("c"): composed(**changes)})


def test_methods_and_what_is_free_may_differ() -> None:
    other = composed(method={"name": "bsc_net"}, data={"fold": 1, "root": "x"})
    require_comparable({Path("a"): composed(), Path("b"): other}, free=("fold",))
    require_comparable({})
    with pytest.raises(InputError, match=r"differ in data\.fold"):
        require_comparable({Path("a"): composed(), Path("b"): other})
