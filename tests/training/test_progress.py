from __future__ import annotations

import re
from pathlib import Path

import pytest
from pytorch_lightning.callbacks import RichProgressBar

from bscnet.training.progress import EpochLine, progress_callback
from fixtures.tiny_training import TinyData, spec, train, unet


def test_one_line_per_epoch_where_there_is_no_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train(unet(), spec(epochs=2, lr=0.01, index=3), TinyData(), tmp_path)
    out, err = capfd.readouterr()
    lines = out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("stage 3 plain  epoch 1/2  loss ")
    assert lines[1].startswith("stage 3 plain  epoch 2/2  loss ")
    assert "val mIoU" in lines[1]
    assert "lr 1.0e-03" in lines[1]
    assert "GPU available" not in err


def test_a_bar_in_a_terminal() -> None:
    assert isinstance(progress_callback("stage 1", terminal=True), RichProgressBar)
    assert isinstance(progress_callback("stage 1", terminal=False), EpochLine)


def test_a_terminal_keeps_the_lines_of_epochs_and_its_bar_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    train(unet(), spec(epochs=12), TinyData(steps=3), tmp_path)
    out, _ = capfd.readouterr()
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out).replace("\r", "\n").splitlines()
    lines = [line for line in shown if line.startswith("stage 1 plain  epoch ")]
    assert [line.split()[4] for line in lines] == [f"{epoch}/12" for epoch in range(1, 13)]
    bars = [line for line in shown if line.startswith("epoch ")]
    assert bars and all(len(line) <= 80 for line in bars)
    assert any(line.startswith("epoch 12/12") and "3/3" in line and "loss: " in line for line in bars)
    assert "v_num" not in out and not any(line.startswith("epoch 0/") for line in bars)


def test_lines_go_to_the_log_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="bscnet"):
        train(unet(), spec(epochs=1), TinyData(), tmp_path, title="seed=3")
    (line,) = [record.getMessage() for record in caplog.records if record.name == "bscnet.training.progress"]
    assert line.startswith("seed=3 stage 1 plain  epoch 1/1  loss ")
