"""`bscnet simulate`: writes a set, says where it is, and refuses with one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bscnet import cli
from bscnet.datasets.scannet import ScanNet


def test_writes_scans(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "rooms"
    words = ["simulate", str(out), "--scenes", "2", "--val-fraction", "0.5", "--seed", "3", "--workers", "1"]
    assert cli.main([*words, "--quick", "--voxel-length", "0.08"]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{out}: 2 simulated scenes, scene0000_00 to scene5000_00, and two test scans without labels\n"
    assert "simulating rooms" in shown.err
    assert len(ScanNet(out).scenes("train")) == len(ScanNet(out).scenes("val")) == 1


def test_refuses_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("mine")
    assert cli.main(["simulate", str(tmp_path), "--scenes", "1", "--quiet"]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith("error: ") and shown.err.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
