"""A tiny folder of one's own, from the command line to a trained network."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from plyfile import PlyData

from bscnet import run
from bscnet.cli import main
from bscnet.runs.checkpoint import network_state, read_checkpoint
from fixtures.folder_files import NAMES, Points, make_room, write_folder, write_las, write_npz

SMALL = (
    "data=folder", "data.num_workers=0", "data.voxel_size=0.3", "model=fcn_s", "model.network.m=8",
    "model.network.depth=1", "method=real", "recipe=quick", "recipe.epochs=1", "trainer=cpu", "threads=1",
    "picture=false",
)  # fmt: skip


def trained(monkeypatch: pytest.MonkeyPatch, runs: Path, *words: str) -> Path:
    """The directory of the chain that these settings make."""
    monkeypatch.setattr(sys, "argv", ["run", *SMALL, *words, f"output_dir={runs}"])
    try:
        status = run.main()
    except SystemExit as stop:
        status = stop.code
    assert status == 0
    (chain,) = runs.glob("*/001")
    return chain


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
    assert main(["doctor", "--only", "data", "data=folder", f"data.root={root}", "data.voxel_size=0.3"]) == 0
    assert "train-d" in capsys.readouterr().out
    found = json.loads((trained(monkeypatch, tmp_path / "runs", f"data.root={root}") / "result.json").read_text())
    (stage,) = found["stages"]
    assert found["status"] == "finished" and 0 <= stage["val_miou"] <= 1
    shapes = [tensor.shape for tensor in network_state(read_checkpoint(stage["checkpoint"])).values()]
    assert any(4 in shape[-2:-1] for shape in shapes if len(shape) > 1)  # rgb and intensity come in
    assert any(shape[-1] == 3 for shape in shapes if len(shape) > 0)  # three classes come out


@pytest.mark.slow
def test_the_network_labels_the_folders_own_files_as_it_was_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In centimetres, with labels 2, 5 and 6: neither is said again, and the labels compare with the file's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    codes = np.array([2, 5, 6])
    rooms = {f"{name}": rods(seed) for seed, name in enumerate(("train/a", "train/b", "val/c"))}
    for points in rooms.values():
        points.label = codes[points.label].astype(np.uint8)
    root = write_folder(tmp_path / "cm", rooms, classes={2: "ground", 5: "trees", 6: "building"}, units="cm")
    chain = trained(monkeypatch, tmp_path / "runs", f"data.root={root}", "data.voxel_size=0.1", "recipe.epochs=8")
    model, out = tmp_path / "m.safetensors", tmp_path / "out.ply"
    assert main(["export", str(chain), "-o", str(model)]) == 0
    capsys.readouterr()
    assert main(["predict", str(model), str(root / "val" / "c.ply"), "-o", str(out)]) == 0
    told = capsys.readouterr().out
    assert "trained on voxels" not in told and "units?" not in told
    labelled = PlyData.read(str(out))["vertex"].data
    truth = rooms["val/c"].label
    np.testing.assert_array_equal(labelled["label_input"], truth)
    assert set(np.unique(labelled["label"])) <= set(codes.tolist())
    scored = json.loads((chain / "scores.json").read_text())["acc"]
    assert scored > 0.5 and abs((labelled["label"] == truth).mean() - scored) < 0.1
    assert main(["predict", str(model), str(root / "val" / "c.ply"), "-o", str(out), "--voxel-size", "10"]) == 0
    assert "trained on voxels" not in capsys.readouterr().out


def rods(seed: int) -> Points:
    """A room of 4 x 3 m in centimetres with three levels, each in its own colour."""
    points, rng = make_room(seed), np.random.default_rng(seed)
    points.label = rng.integers(0, 3, len(points)).astype(np.uint8)
    points.xyz[:, 2] = points.label * 0.8
    points.xyz *= 100
    shades = np.array([[120, 80, 40], [230, 230, 220], [20, 60, 200]])
    points.rgb = (shades[points.label] + rng.integers(-15, 15, (len(points), 3))).astype(np.uint8)
    return points
