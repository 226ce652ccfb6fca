"""The check of a GPU: its parts on the CPU, what they say of failures, and a dry run of the whole program."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.common.results import FOLDER
from benchmarks.gpu import chains, engines, operators, program, report, speed, steps
from benchmarks.gpu import supervise as supervision
from benchmarks.gpu.dry import WallEvent
from benchmarks.gpu.plan import PARTS, rows_file
from benchmarks.gpu.scene import crate
from benchmarks.gpu.setting import NO_TIME, PLAIN, SPCONV, TRITON, Setting, checked, failed, stated
from bscnet.errors import InputError
from bscnet.sparse.torch import TorchSites


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path, time.monotonic() + 600, dry_run=True)


@pytest.fixture
def cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parts compute on the CPU, on plain torch alone."""
    for module in (operators, steps, speed):
        monkeypatch.setattr(module, "DEVICE", "cpu")
    for name in (TRITON, SPCONV):
        monkeypatch.setitem(engines.left_out, name, "this is a CPU")
    for name in ("empty_cache", "reset_peak_memory_stats"):
        monkeypatch.setattr(torch.cuda, name, lambda: None)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 2**30)
    monkeypatch.setattr(torch.cuda, "Event", WallEvent)


def test_copies_are_scenes_of_their_own() -> None:
    scene = crate()
    sites, points = len(scene.coords), len(scene.labels)
    copied = scene.copies(2 * sites + 1)
    assert len(TorchSites(copied.coords)) == 3 * sites
    assert copied.coords[:, 0].unique().tolist() == [0, 1, 2]
    last = copied.point_to_voxel[-points:].long()
    assert torch.equal(copied.coords[last, 1:], scene.coords[scene.point_to_voxel.long(), 1:])
    assert set(copied.coords[last, 0].tolist()) == {2}
    assert copied.point_to_voxel.dtype == scene.point_to_voxel.dtype and len(copied.labels) == 3 * points


def test_what_is_not_a_number_is_no_success() -> None:
    assert checked("x", 1.0, 1.0)["ok"] and not checked("x", 1.1, 1.0)["ok"] and not checked("x", math.nan, 1.0)["ok"]
    row = failed("x", RuntimeError("one\n  two"), "an engine")
    assert (row["note"], row["ok"], row["engine"]) == ("RuntimeError: one two", False, "an engine")


@pytest.mark.slow
def test_operators_are_held_against_float64(setting: Setting, cpu: None) -> None:
    rows = list(operators.check_operators(setting))
    wanted = len(operators.operators(setting))
    assert len(rows) == 2 * wanted - 3  # pools have no product to round
    assert {row["engine"] for row in rows} == {PLAIN}
    exact = [row for row in rows if row["precision"] == "float32"]
    assert len(exact) == wanted and all(row["ok"] for row in exact)


def test_a_wrong_operator_is_seen(setting: Setting, cpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(TorchSites):
        def pool_sum(self, feats: torch.Tensor) -> torch.Tensor:
            return 1.001 * super().pool_sum(feats)

        def pool_max(self, feats: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("an illegal memory access was encountered")

    found = {name: one for name, one in operators.operators(setting).items() if "pool" in name}
    monkeypatch.setattr(operators, "operators", lambda _: found)
    monkeypatch.setattr(operators, "sites_of", lambda _: Wrong)
    rows = {row["what"]: row for row in operators.check_operators(setting)}
    assert rows["unpool"]["ok"]
    assert not rows["sum pool"]["ok"] and rows["sum pool"]["found"] == pytest.approx(1e-3, rel=0.01)
    assert not rows["max pool"]["ok"] and "illegal memory access" in rows["max pool"]["note"]


@pytest.mark.slow
def test_the_same_steps_are_the_same(setting: Setting, cpu: None) -> None:
    kinds = 2 * len(steps.KINDS)
    compared = list(steps.compare_steps(setting))
    assert len(compared) == 3 * kinds and all(abs(row["found"]) < 1e-6 for row in compared)
    repeated = steps.repeat_steps(setting)
    assert [row["note"] for row in repeated] == ["bit for bit"] * kinds


@pytest.mark.slow
def test_other_numbers_are_seen_in_steps(setting: Setting, cpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(TorchSites):
        def down(self, feats: Any, weight: torch.Tensor) -> torch.Tensor:
            right = super().down(feats, weight)
            return right + torch.rand(right.shape, generator=noise)

    noise = torch.Generator()  # not seeded anew with every network
    monkeypatch.setattr(steps, "sites_of", lambda _: Wrong)
    monkeypatch.setattr(steps, "KINDS", {"real": steps.KINDS["real"]})
    assert not all(row["ok"] for row in steps.compare_steps(setting))
    assert {row["note"] for row in steps.repeat_steps(setting)} == {"they differ"}


@pytest.mark.slow
def test_a_row_of_speed_says_why_it_is_empty(setting: Setting, cpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = list(speed.measure_steps(setting))
    assert len(rows) == 4 and all(row["ok"] and len(row["steps_ms"]) == speed.AT_LEAST for row in rows)
    assert {row["peak_gb"] for row in rows} == {1.0}
    assert all(row["wanted_sites"] <= row["sites"] < row["wanted_sites"] + len(crate().coords) for row in rows)

    def measured(error: Exception) -> Callable[..., Any]:
        def work(*_: Any) -> Any:
            raise error

        return work

    monkeypatch.setattr(speed, "_measured", measured(torch.OutOfMemoryError("CUDA out of memory")))
    assert {(row["reason"], row["ok"]) for row in speed.measure_steps(setting)} == {("out of memory", True)}
    monkeypatch.setattr(speed, "_measured", measured(RuntimeError("no kernel image")))
    assert {(row["reason"], row["ok"]) for row in speed.measure_steps(setting)} == {
        ("RuntimeError: no kernel image", False)
    }
    late = Setting(setting.folder, time.monotonic() - 1, dry_run=True)
    assert {(row["reason"], row["ok"]) for row in speed.measure_steps(late)} == {(NO_TIME, True)}


def test_a_chain_that_fails_says_its_last_word(setting: Setting) -> None:
    with pytest.raises(RuntimeError, match="the chain ended with status 3: no such data"):
        chains._finished([sys.executable, "-c", "import sys; print('no such data', file=sys.stderr); sys.exit(3)"], 60)


class Fake:
    """Stands in for the process that computes."""

    made = 0

    def __init__(self, answers: dict[str, dict[str, Any] | Exception]) -> None:
        self.answers = answers
        self.process = type("Process", (), {"kill": lambda self: None})()
        Fake.made += 1

    def ask(self, request: str) -> dict[str, Any]:
        found = self.answers[request.rpartition(" ")[0]]
        if isinstance(found, Exception):
            raise found
        return found

    def close(self) -> None:
        pass


def test_a_part_that_ends_badly_leaves_the_next_ones_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = {"reason": None, "seconds": 1.0, "usable": True}
    answers: dict[str, dict[str, Any] | Exception] = {
        "device": good,
        "operators": RuntimeError("the process of the device ended with status -11"),
        "steps": good,
        "repeat": {**good, "reason": "ValueError: z", "usable": False},
        "export": good,
    }
    for name, ok in (("operators", True), ("steps", False)):
        rows_file(tmp_path, name).write_text(json.dumps(stated("x", "y", ok)) + "\n")
    Fake.made = 0
    monkeypatch.setattr(supervision, "_started", lambda folder, dry_run: Fake(answers))
    found = supervision.run_parts(["device", "operators", "steps", "repeat", "export"], tmp_path, 500, False)
    assert [part["status"] for part in found] == ["ok", "failed", "failed", "failed", "ok"]
    assert [len(part["rows"]) for part in found] == [0, 1, 1, 0, 0]
    assert "status -11" in found[1]["reason"] and found[3]["reason"] == "ValueError: z"
    assert Fake.made == 3  # anew after the one that crashed, and after the one that the device answers no more
    short = supervision.run_parts(["device", "speed"], tmp_path, 5, False)
    assert [part["status"] for part in short] == ["ok", "not run"]
    assert short[1]["reason"] == "5 s were left, it wants 20"


def found_of(rows: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    parts = [
        {"part": name, "status": "ok", "reason": None, "seconds": 1.2, "rows": rows.get(name, [])} for name in PARTS
    ]
    parts[-1] |= {"status": "failed", "reason": "ValueError: z"}
    return {"dry_run": False, "budget_seconds": 480, "parts": parts}


def test_the_document_lines_up_and_tells_what_failed() -> None:
    slow = {"wanted_sites": 100, "network": "unet_s", "kind": "real", "engine": "plain torch", "precision": "float32"}
    rows = {
        "device": [stated("device", "a GPU")],
        "operators": [checked("down", 1e-7, 1e-5, "triton", "float32"), failed("up", ValueError("no"), "triton")],
        "speed": [
            slow | {"sites": 123, "step_ms": 4.56, "peak_gb": 1.5, "reason": None, "ok": True},
            slow | {"sites": None, "step_ms": None, "peak_gb": None, "reason": "w", "ok": False},
        ],
    }
    text = report.markdown(found_of(rows))
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({tuple(i for i, c in enumerate(line) if c == "|") for line in lines}) == bool(lines)
    assert "failed, 1 s: ValueError: z" in text and "| NO" in text and "4.56" in text and "A dry run" not in text
    some = report.markdown({**found_of({}), "parts": found_of({})["parts"][:1], "dry_run": True})
    assert "A dry run on a simulated device" in some and "Not asked for: Time of the first step" in some


def test_the_committed_document_is_what_was_found_or_says_that_nothing_was() -> None:
    text, twin = (FOLDER / "gpu.md").read_text(encoding="utf-8"), FOLDER / "gpu.json"
    if twin.exists():
        assert text == report.markdown(json.loads(twin.read_text(encoding="utf-8")))
    else:
        assert text == report.not_run() and "Not run on a device yet" in text


def test_without_a_device_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert program.run([]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_dry_run_keeps_off_the_committed_tables() -> None:
    for words in ([], ["--out", str(FOLDER)]):
        with pytest.raises(InputError, match="another folder"):
            program.run(["--dry-run", *words])


def test_every_part_is_there() -> None:
    assert all(callable(part.function()) for part in PARTS.values())
    assert sum(part.at_least for part in PARTS.values()) < 480


@pytest.mark.slow
def test_the_whole_program_on_a_simulated_device(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = program.run(["--dry-run", "--out", str(tmp_path / "new"), "--budget-seconds", "600"])
    found = json.loads((tmp_path / "new" / "gpu.json").read_text())
    told = [(part["part"], part["reason"], [row for row in part["rows"] if not row["ok"]]) for part in found["parts"]]
    assert all(reason is None and not rows for _, reason, rows in told), told
    rows = {row["what"]: row for part in found["parts"] for row in part["rows"] if "what" in row}
    assert rows["stopped in stage 2"]["note"] == "status 130, the chain is interrupted after 1 stages"
    assert rows["resumed"]["note"] == "the chain is finished after 3 stages"
    assert {row["engine"] for row in found["parts"][2]["rows"]} >= {TRITON, PLAIN}
    assert status == 0 and [part["part"] for part in found["parts"]] == list(PARTS)
    text = (tmp_path / "new" / "gpu.md").read_text()
    assert text.strip() == capsys.readouterr().out.strip() and "no number here means anything" in text
