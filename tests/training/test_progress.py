from __future__ import annotations

from pathlib import Path

import pytest
from pytorch_lightning.callbacks import RichProgressBar

from bscnet.training import run_stage
from bscnet.training.progress import EpochLine, progress_callback
from fixtures.tiny_training import TinyData, spec, unet


def test_one_line_per_epoch_where_there_is_no_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run_stage(unet(), spec(epochs=2, lr=0.01, index=3), TinyData(), tmp_path)
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


def test_the_bar_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    run_stage(unet(), spec(epochs=1), TinyData(), tmp_path)
    out, _ = capfd.readouterr()
    assert "Epoch 0/0" in out
