"""`bscnet predict`: one line in, a labelled cloud out; every mistake is one sentence and leaves no file."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from plyfile import PlyData

from bscnet import runtime
from bscnet.cli import main
from bscnet.prediction.receptive_field import receptive_radius
from bscnet.viz import RenderError
from fixtures.clouds import room, write_ply
from fixtures.model_files import random_program, write_model

MODEL = {"levels": 3, "max_channels": 17}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that sees far enough for tiles to show."""
    seed = next(seed for seed in range(100) if receptive_radius(random_program(seed, **MODEL).description) > 6)
    return write_model(tmp_path_factory.mktemp("model") / "model.safetensors", seed, **MODEL)


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ply(tmp_path_factory.mktemp("scan") / "scan.ply", room(4000))


def words(*given: object) -> list[str]:
    return ["predict", *map(str, given)]


def test_table_of_times_and_the_labelled_cloud(
    model: Path, scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "labelled.ply"
    assert main(words(model, scan, "-o", out, "--threads", 2)) == 0
    told, errors = capsys.readouterr()
    assert errors == ""
    for part in (
        "load model",
        "read",
        "voxelize",
        "kernel maps",
        "bit convolutions",
        "real-valued parts",
        "write",
        "total",
    ):
        assert any(line.startswith(part) for line in told.splitlines()), part
    seconds = {
        line[:22].strip(): float(line[22:32]) for line in told.splitlines() if line.endswith("%") and "." in line[22:32]
    }
    total = next(float(line[22:32]) for line in told.splitlines() if line.startswith("total"))
    assert sum(seconds.values()) == pytest.approx(total, abs=0.02)
    assert "4,000 points" in told and runtime.implementation() in told and "Klasse" in told
    vertices = PlyData.read(str(out))["vertex"]
    assert vertices.count == 4000 and vertices["label"].max() < 4
    assert (vertices["confidence"] > 0.2).all() and (vertices["confidence"] <= 1).all()


def test_quiet_is_quiet(model: Path, scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(model, scan, "-o", tmp_path / "a.ply", "--quiet")) == 0
    assert capsys.readouterr() == ("", "")


def test_tiles_and_another_voxel_size_are_said(
    model: Path, scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ["--voxel-size", 0.04, "--max-sites", 900, "--margin", 2]
    assert main(words(model, scan, "-o", tmp_path / "a.ply", *more)) == 0
    told = capsys.readouterr().out
    assert "trained on voxels of 0.05 m, not on 0.04" in told
    assert "tiles that overlap by 2 voxels; near seams labels may differ" in told


MISTAKES = {
    "no such scan": (["{model}", "{tmp}/none.ply", "-o", "{tmp}/o.ply"], "none.ply: no such file"),
    "no such model": (["{tmp}/none.safetensors", "{scan}", "-o", "{tmp}/o.ply"], "none.safetensors"),
    "scan as model": (["{scan}", "{scan}", "-o", "{tmp}/o.ply"], "scan.ply"),
    "model as scan": (["{model}", "{model}", "-o", "{tmp}/o.ply"], ".safetensors"),
    "empty scan": (["{model}", "{tmp}/empty.ply", "-o", "{tmp}/o.ply"], "empty.ply: the file is empty"),
    "truncated scan": (["{model}", "{tmp}/short.ply", "-o", "{tmp}/o.ply"], "short.ply: the file is truncated"),
    "no colours": (["{model}", "{tmp}/grey.ply", "-o", "{tmp}/o.ply"], "grey.ply: the vertices have no colours"),
    "NaN": (["{model}", "{tmp}/nan.ply", "-o", "{tmp}/o.ply"], "nan.ply: the coordinates of point 5 are not finite"),
    "millimetres": (["{model}", "{tmp}/mm.ply", "-o", "{tmp}/o.ply"], "is it in metres?"),
    "no folder": (["{model}", "{scan}", "-o", "{tmp}/none/o.ply"], "the folder"),
    "a folder": (["{model}", "{scan}", "-o", "{tmp}"], "this is a folder"),
    "output is input": (["{model}", "{scan}", "-o", "{scan}"], "overwrite"),
    "output is a link to the input": (["{model}", "{scan}", "-o", "{tmp}/link.ply"], "overwrite"),
    "output is the model": (["{model}", "{scan}", "-o", "{model}"], "overwrite"),
    "another ending": (["{model}", "{scan}", "-o", "{tmp}/o.las"], "must end in .ply"),
    "picture is input": (["{model}", "{scan}", "-o", "{tmp}/o.ply", "--render", "{scan}"], "overwrite"),
    "picture is output": (["{model}", "{scan}", "-o", "{tmp}/o.ply", "--render", "{tmp}/o.ply"], "overwrite"),
    "picture in no folder": (["{model}", "{scan}", "-o", "{tmp}/o.ply", "--render", "{tmp}/none/v.png"], "folder"),
    "picture of another kind": (["{model}", "{scan}", "-o", "{tmp}/o.ply", "--render", "{tmp}/v.tiff"], ".png"),
    "threads": (["{model}", "{scan}", "-o", "{tmp}/o.ply", "--threads", "-2"], "threads is -2"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_one_sentence(
    name: str, model: Path, scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.delenv("BSCNET_TRACEBACK", raising=False)
    cloud = room(60)
    (tmp_path / "empty.ply").touch()
    (tmp_path / "short.ply").write_bytes(scan.read_bytes()[:-1])
    write_ply(tmp_path / "grey.ply", cloud[["x", "y", "z"]].astype([(axis, "f4") for axis in "xyz"]))
    (tmp_path / "link.ply").symlink_to(scan)
    cloud["x"][5] = np.nan
    write_ply(tmp_path / "nan.ply", cloud)
    cloud["x"] = np.linspace(0, 5_000_000, 60)
    write_ply(tmp_path / "mm.ply", cloud)
    before = {path: path.read_bytes() for path in [*tmp_path.iterdir(), model, scan]}
    given, part = MISTAKES[name]
    assert main(words(*(word.format(model=model, scan=scan, tmp=tmp_path) for word in given))) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and part in err and err.count("\n") == 1
    assert {path: path.read_bytes() for path in [*tmp_path.iterdir(), model, scan]} == before


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no folder that takes no files, not even from root")
def test_an_output_folder_that_takes_no_file(model: Path, scan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words(model, scan, "-o", "/proc/labelled.ply")) == 2
    assert "/proc/labelled.ply: cannot be written" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told(
    model: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(**_: object) -> tuple[int, str]:
        (tmp_path / "draft").touch()
        return os.open("/dev/full", os.O_WRONLY), str(tmp_path / "draft")

    monkeypatch.setattr("bscnet.whole_file.tempfile.mkstemp", full)
    assert main(words(model, scan, "-o", tmp_path / "o.ply")) == 2
    assert "cannot be written (No space left on device)" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_model_of_other_features_is_refused(scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_model(tmp_path / "m.safetensors", 0, in_channels=5)
    assert main(words(tmp_path / "m.safetensors", scan, "-o", tmp_path / "o.ply")) == 2
    assert "features that a cloud's file does not give (noise)" in capsys.readouterr().err


@pytest.mark.slow
def test_picture_of_cloud_and_labels(
    model: Path, scan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "view.png"
    status = main(words(model, scan, "-o", tmp_path / "o.ply", "--render", picture))
    told, error = capsys.readouterr()
    if status == 2 and "Vulkan" in error:
        pytest.skip(error)
    assert status == 0, error
    assert "picture" in told
    pixels = matplotlib.image.imread(picture)
    assert pixels.shape[1] > 1000 and pixels[..., :3].std() > 0.05


def test_what_a_picture_lacks_is_told_before_the_work(
    model: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "open3d" else find(name))
    assert main(words(model, scan, "-o", tmp_path / "o.ply", "--render", tmp_path / "v.png")) == 2
    assert "needs open3d: pip install 'bscnet[predict]'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_picture_that_fails_keeps_the_labels(
    model: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RenderError("no graphics driver")

    monkeypatch.setattr("bscnet.viz.pictures.render_panels", broken)
    assert main(words(model, scan, "-o", tmp_path / "o.ply", "--render", tmp_path / "v.png")) == 2
    assert "the labels are written, but no picture could be drawn: no graphics driver" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["o.ply"]


def test_it_runs_without_torch_and_the_rest(model: Path, scan: Path, tmp_path: Path) -> None:
    """With none of the training packages to be had, as `pip install bscnet` leaves a machine."""
    blocked = ("torch", "pytorch_lightning", "torchmetrics", "hydra", "omegaconf", "open3d", "matplotlib", "plyfile",
               "rich", "scipy", "PIL", "MinkowskiEngine", "wandb")  # fmt: skip
    code = (
        "import sys\n"
        "class Block:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] in {blocked!r}: raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Block())\n"
        "from bscnet.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", code, *words(model, scan, "-o", tmp_path / "o.ply")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert PlyData.read(str(tmp_path / "o.ply"))["vertex"].count == 4000


def test_progress_is_shown_on_a_terminal(
    model: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert main(words(model, scan, "-o", tmp_path / "o.ply")) == 0
    told = capsys.readouterr().err
    assert "reading" in told and "voxels" in told and "network" in told and "labels" in told
