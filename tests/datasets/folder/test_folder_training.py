"""A tiny folder of one's own, from the command line to a trained network."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from bscnet import run
from bscnet.cli import main
from bscnet.runs.checkpoint import network_state, read_checkpoint
from fixtures.folder_files import NAMES, make_room, write_folder, write_las, write_npz

SMALL = (
    "data=folder", "data.num_workers=0", "data.voxel_size=0.3", "model=fcn_s", "model.network.m=8",
    "model.network.depth=1", "method=real", "recipe=quick", "recipe.epochs=1", "trainer=cpu", "threads=1",
    "picture=false",
)  # fmt: skip


@pytest.mark.slow
def test_a_folder_trains_an_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    root = write_folder(
        tmp_path / "mine", classes=[*NAMES[:3]], features=["rgb", "intensity"], scale={"intensity": 65535}
    )
    write_las(root / "train" / "d.laz", make_room(4))
    write_npz(root / "val" / "e.npz", make_room(5))
    assert main(["doctor", "data=folder", f"data.root={root}", "data.voxel_size=0.3"]) in (0, 1)
    assert "train-d" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["run", *SMALL, f"data.root={root}", f"output_dir={tmp_path / 'runs'}"])
    try:
        status = run.main()
    except SystemExit as stop:
        status = stop.code
    assert status == 0
    (path,) = (tmp_path / "runs").glob("*/001/result.json")
    found = json.loads(path.read_text())
    (stage,) = found["stages"]
    assert found["status"] == "finished" and 0 <= stage["val_miou"] <= 1
    shapes = [tensor.shape for tensor in network_state(read_checkpoint(stage["checkpoint"])).values()]
    assert any(4 in shape[-2:-1] for shape in shapes if len(shape) > 1)  # rgb and intensity come in
    assert any(shape[-1] == 3 for shape in shapes if len(shape) > 0)  # three classes come out
