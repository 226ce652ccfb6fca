"""`bscnet evaluate` and `bscnet show` on a trained chain, a data set and a cloud."""

from __future__ import annotations

import errno
import json
import os
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bscnet import cli
from bscnet.cli import evaluate as evaluate_command
from bscnet.datasets.scannet import ScanNet
from bscnet.datasets.scannet.classes import NYU40_IDS
from bscnet.evaluation.evaluate import evaluate
from bscnet.evaluation.torch_predictor import ScenePrediction
from fixtures.scannet_files import make_scene, mesh_elements, write_ply, write_root
from fixtures.tiny_chain import trained_chain


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes to train on, three to score, and two of a test split without labels."""
    root = write_root(tmp_path_factory.mktemp("show") / "scenes", train=2, val=3, points=400)
    names = ["scene2000_00", "scene2001_00"]
    (root / "splits" / "scannetv2_test.txt").write_text("\n".join(names))
    for seed, name in enumerate(names):
        write_ply(root / "scans" / name / f"{name}_vh_clean_2.ply", mesh_elements(make_scene(seed, 250 + seed)))
    return root


@pytest.fixture(scope="module")
def chain(scenes: Path) -> Path:
    return trained_chain(scenes, scenes.parent / "runs", "recipe.epochs=1", "method=real")


def test_evaluate_prints_classes_and_writes_scores(
    chain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "s.json"
    assert cli.main(["evaluate", str(chain), "-o", str(out), "data.val_reps=2"]) == 0
    shown = capsys.readouterr().out
    told = json.loads(out.read_text())
    assert (told["method"], told["split"], told["val_reps"], len(told["scenes"])) == ("real", "val", 2, 3)
    for name, row in told["classes"].items():
        (line,) = [line for line in shown.splitlines() if line.startswith(f"│ {name} ")]
        assert f"{row['points']:,}" in line
        assert row["iou"] is None or f"{100 * row['iou']:.2f} %" in line
    assert f"mIoU {100 * told['miou']:.2f} %" in shown
    best = max(told["scenes"], key=lambda name: told["scenes"][name])
    assert f"best scene {best}" in shown


def test_voxels_of_another_size_than_the_networks_are_told(
    chain: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "s.json"
    words = ["evaluate", str(chain), "data.voxel_size=0.3", "-o", str(out)]
    assert cli.main(words) == 0
    told = json.loads(out.read_text())
    assert (told["voxel_size"], told["trained_voxel_size"]) == (0.3, 0.2)
    assert "voxels of 30 cm, trained on 20 cm" in " ".join(capsys.readouterr().out.split())
    assert cli.main(["show", str(chain), "data.voxel_size=0.3", "--scene", "scene1000_00", "-o", str(tmp_path)]) == 0
    assert "voxels of 30 cm, trained on 20 cm" in (tmp_path / "scene1000_00.html").read_text(encoding="utf-8")


def test_a_test_split_without_labels_becomes_a_submission(
    chain: Path, scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    assert cli.main(["evaluate", str(chain), "--split", "test", "--submission", str(folder)]) == 0
    assert "no truth to be scored against" in capsys.readouterr().out
    with zipfile.ZipFile(tmp_path / "mine.zip") as packed:
        assert sorted(packed.namelist()) == ["scene2000_00.txt", "scene2001_00.txt"]
        for name in packed.namelist():
            ids = [int(line) for line in packed.read(name).decode().split()]
            assert len(ids) == len(ScanNet(scenes).read(name[:-4], labelled=False).points)
            assert set(ids) <= set(NYU40_IDS)
    assert cli.main(["evaluate", str(chain), "--split", "test", "-o", str(tmp_path / "s.json")]) == 2
    assert "test cannot be scored" in capsys.readouterr().err
    assert cli.main(["evaluate", str(chain), "--split", "test", "--submission", str(folder)]) == 2
    assert "the folder is not empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["--split", "nonsense"], "unknown split 'nonsense'"),
        (["-o", "/nowhere/s.json"], "the folder /nowhere does not exist"),
        (["data.root=/nowhere"], "/nowhere"),
        (["data.nonsense=1"], "data.nonsense is not a setting of this run"),
        (["data=rooms"], "data of a finished run cannot be exchanged"),
        (["data.root=["], "data.root=[ cannot be read as settings"),
        (["-o", "/dev/full"], "-o /dev/full: this is no file that can be written"),
        (["-o", "/proc/s.json"], "/proc/s.json: cannot be written"),
        (["--submission", "/dev/null"], "--submission /dev/null: this is a file"),
    ],
)
def test_evaluate_refuses_in_one_sentence(
    chain: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["evaluate", str(chain), *words]) == 2
    told = capsys.readouterr().err
    assert sentence in told and told.count("\n") == 1


def test_names_of_classes_and_scenes_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    scene = ScenePrediction("[bold]a", np.array([0, 1]), np.array([0, 1]), np.ones(2, np.float32))
    found = evaluate([scene], ["[red]y", "<b>"])
    evaluate_command._show(SimpleNamespace(title="t"), found, SimpleNamespace(name="val"))
    shown = capsys.readouterr().out
    assert "[red]y" in shown and "<b>" in shown and "best scene [bold]a" in shown


def test_scores_that_cannot_be_written_leave_the_old_ones(
    chain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.json").write_text("old")

    def full(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert cli.main(["evaluate", str(chain), "-o", str(tmp_path / "s.json")]) == 2
    assert "s.json: cannot be written (No space left on device)" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"] and (tmp_path / "s.json").read_text() == "old"


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
@pytest.mark.parametrize("command", ["evaluate", "show"])
def test_a_run_of_a_gpu_is_refused_where_there_is_none(
    chain: Path, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [] if command == "evaluate" else ["-o", str(tmp_path)]
    assert cli.main([command, str(chain), *words, "trainer.accelerator=gpu"]) == 2
    assert "add trainer.accelerator=cpu" in capsys.readouterr().err


def test_a_run_shows_its_best_and_worst_scene_or_one_by_name(chain: Path, tmp_path: Path) -> None:
    assert cli.main(["show", str(chain), "-o", str(tmp_path)]) == 0
    assert {"best.html", "worst.html"} <= {path.name for path in tmp_path.iterdir()}
    assert cli.main(["show", str(chain), "-o", str(tmp_path), "--scene", "scene1001_00"]) == 0
    text = (tmp_path / "scene1001_00.html").read_text(encoding="utf-8")
    assert "unet_s, real stage 1 (a32w32)" in text


def test_a_scene_of_a_data_set_is_shown_without_a_network(scenes: Path, tmp_path: Path) -> None:
    words = ["show", "data=scannet", f"data.root={scenes}", "-o", str(tmp_path / "new")]
    assert cli.main(words) == 0
    text = (tmp_path / "new" / "scene1000_00.html").read_text(encoding="utf-8")
    assert "not labelled by a network" in text


def test_a_cloud_is_shown_from_its_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "scan.npz", points=rng.random((500, 3)), colors=rng.integers(0, 256, (500, 3), np.uint8))
    assert cli.main(["show", str(tmp_path / "scan.npz"), "-o", str(tmp_path)]) == 0
    assert (tmp_path / "scan.html").is_file()


@pytest.mark.parametrize(
    "words, sentence",
    [
        ([], "takes one RUN or one SCAN"),
        (["one", "two"], "takes one RUN or one SCAN"),
        (["/nowhere"], "there is no such run or checkpoint"),
        (["{chain}", "--scene", "attic"], "--scene attic: there is no such scene, val has scene1000_00"),
        (
            ["{chain}", "--scene", "attic", "--split", "test"],
            "no such scene in test, it has scene2000_00, scene2001_00",
        ),
        (["{chain}", "--scene", "best", "--split", "test"], "test has no best or worst scene, give --scene NAME"),
        (["data=scannet", "data.root={root}", "--scene", "scene0000_00", "--split", "val"], "no such scene in val"),
        (["/nowhere/nothere.ply"], "/nowhere/nothere.ply: no such file"),
        (["{scan}", "--split", "val"], "a cloud is shown as it is"),
        (["{scan}", "-o", "{scan}-new"], "the file is empty"),
        (["data=scannet", "data.root=/nowhere"], "/nowhere"),
        (["{scan}", "data.voxel_size=1"], "a cloud is shown as it is"),
        (["{scan}"], "the file is empty"),
        (["{chain}", "-o", "{scan}"], "this is a file, a folder is needed"),
        (["{chain}", "-o", "{scan}/deeper"], "the folder cannot be made (Not a directory)"),
        (["{chain}", "--scene", "../scene1000_00"], "there is no such scene"),
    ],
)
def test_show_refuses_in_one_sentence(
    chain: Path, scenes: Path, tmp_path: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.ply").touch()
    filled = [word.format(chain=chain, root=scenes, scan=tmp_path / "empty.ply") for word in words]
    assert cli.main(["show", *filled]) == 2
    told = capsys.readouterr().err
    assert sentence in told and told.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["empty.ply"], "a folder was made for nothing"


@pytest.mark.parametrize("source", ["run", "data"])
def test_the_split_asked_for_is_shown_though_it_has_no_labels(
    source: str, chain: Path, scenes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(chain)] if source == "run" else ["data=scannet", f"data.root={scenes}"]
    assert cli.main(["show", *words, "--split", "test", "-o", str(tmp_path)]) == 0
    assert {path.stem for path in tmp_path.iterdir()} == {"scene2000_00"}
    assert ("test has no best or worst scene, the first is shown" in capsys.readouterr().out) is (source == "run")


@pytest.mark.parametrize("name", ["scene0001_00", "scene2001_00"])
def test_a_scene_is_found_by_name_in_any_split(name: str, chain: Path, tmp_path: Path) -> None:
    assert cli.main(["show", str(chain), "--scene", name, "-o", str(tmp_path)]) == 0
    assert {path.stem for path in tmp_path.iterdir()} == {name}
