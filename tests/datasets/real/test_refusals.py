"""What a user sees who asks for what cannot be had: one sentence, and exit status 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from bscnet import cli
from fixtures.real_clouds import folder_with


def refused(capsys: pytest.CaptureFixture[str], output: Path, *overrides: str) -> str:
    """The one line that a run is refused by."""
    words = ["method=real", "recipe=quick", "trainer=cpu", "threads=1", "data.num_workers=0", f"output_dir={output}"]
    with pytest.raises(SystemExit) as stopped:
        cli.main(["run", *words, *overrides])
    assert stopped.value.code == 2
    printed = capsys.readouterr()
    (line,) = printed.err.strip().splitlines()
    assert "epoch 1/" not in printed.out
    return line


def test_training_without_labels_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = refused(capsys, tmp_path, "data=real_garage", f"data.root={folder_with('motorcycle')}")
    assert line.endswith(
        "motorcycle has no labels, so nothing can be trained or scored on it: look at it or label it as split test"
    )


def test_offline_is_said_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    line = refused(capsys, tmp_path / "runs", "data=real_lidar", f"data.root={tmp_path / 'none'}")
    assert "laspy==2.7.0 cannot be fetched (offline?)" in line
