"""A study is run: chains as processes, plans handed on, nothing twice, failures told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bscnet.cli import main
from bscnet.search import ShiftPlan
from fixtures.scannet_files import write_root
from fixtures.tiny_chain import SMALL

TABLE = """
common: [{common}]
seeds: [0, 1]
arms:
  search: {{overrides: [method=bsc_net, stage=1]}}
  plan: {{overrides: [method=bsc_manual, stage=1, "method.plan={{plan:search}}"], seeds: [0]}}
  broken: {{overrides: [method=bsc_manual, method.plan=nowhere.json], seeds: [0]}}
"""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a=study, [x]")
    write_root(folder / "rooms", train=2, val=1, points=400)
    common = [*SMALL, f"data.root='{folder / 'rooms'}'", "recipe.epochs=3", "trainer=cpu"]
    left = [word for word in common if not word.startswith(("threads", "picture"))]
    path = folder / "tiny.yaml"
    path.write_text(TABLE.format(common=json.dumps(left)[1:-1]), encoding="utf-8")
    return path


def study(table: Path, *words: str) -> int:
    return main(["study", str(table), "--runs", str(table.parent / "runs"), "--out", str(table.parent), *words])


def test_chains_run_once_and_hand_their_plans_on(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert study(table, "--arms", "plan", "--seeds", "0", "--jobs", "2") == 0
    said = capsys.readouterr().out
    assert "search seed=0: mIoU" in said and "plan seed=0: mIoU" in said and "seed=1" not in said
    rows = {row["arm"]: row for row in json.loads(table.with_suffix(".json").read_text(encoding="utf-8"))["chains"]}
    assert sorted(rows) == ["plan", "search"]
    (used,) = (table.parent / "runs").glob("*-bsc_manual-*/001/stage1/plan.json")
    shifts = {name: [list(shift) for shift in rows] for name, rows in ShiftPlan.load(used).shifts.items()}
    assert shifts == rows["search"]["plan"]
    assert 0 < rows["plan"]["costs"]["ops_executed"] <= rows["plan"]["costs"]["ops_nominal"]
    assert rows["plan"]["stages"][0]["name"] == "activations" and rows["search"]["search"]["max_pi"] > 0

    assert study(table, "--arms", "plan", "--seeds", "0") == 0
    assert "all chains are finished" in capsys.readouterr().out
    assert len(list((table.parent / "runs").glob("*/00*"))) == 2


def test_a_chain_that_cannot_run_is_told_and_the_others_stay(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert study(table, "--arms", "broken") == 1
    said = capsys.readouterr().out
    assert "broken seed=0: failed: " in said and "nowhere.json" in said and ".log)" in said
    chains = json.loads(table.with_suffix(".json").read_text(encoding="utf-8"))["chains"]
    assert "broken" not in {row["arm"] for row in chains}


def test_what_no_arm_can_be_is_told_before_a_chain_runs(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = table.read_text(encoding="utf-8")
    for name, old, new, sentence in [
        ("plain", "search: {overrides: [method=bsc_net", "search: {overrides: [method=real", "which searches none"),
        ("wrong", "method=bsc_manual, stage=1", "method=bsc_manual, stage=1, seeds=1", "seeds"),
    ]:
        changed = table.with_name(f"{name}.yaml")
        assert old in text
        changed.write_text(text.replace(old, new), encoding="utf-8")
        assert study(changed, "--arms", "plan") == 2
        told = capsys.readouterr()
        assert sentence in told.err and told.err.count("\n") == 1 and "mIoU" not in told.out


def test_an_interrupted_study_stops_its_chains(table: Path) -> None:
    command = [sys.executable, "-m", "bscnet", "study", str(table), "--runs", str(table.parent / "more")]
    command += ["--out", str(table.parent / "more"), "--arms", "search", "--seeds", "1", "recipe.epochs=3000"]
    ignoring = [*("sh", "-c", "trap '' INT; exec \"$@\"", "sh"), *command]  # as a job in the background of a shell does
    process = subprocess.Popen(ignoring, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    log = table.parent / "more" / "logs" / "search-seed_1.log"
    try:
        wait_for(lambda: log.is_file() and "epoch 1/" in log.read_text(encoding="utf-8"), process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and "Traceback" not in said
    assert "goes on where it stopped" in log.read_text(encoding="utf-8")
    (result,) = (table.parent / "more").glob("*/001/result.json")
    assert json.loads(result.read_text(encoding="utf-8"))["status"] == "interrupted"
    assert not [one for one in chains_alive() if str(table.parent) in one]


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 300.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it never came"
        time.sleep(0.2)


def chains_alive() -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if "bscnet.run" in line:
                found.append(line)
    return found
