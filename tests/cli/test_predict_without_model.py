"""`bscnet predict` of scans alone: which word is the model, and where the labelled scans go."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from plyfile import PlyData

from bscnet import shipped
from bscnet.cli import main
from bscnet.cli.predict_arguments import model_and_scans
from bscnet.cli.scans import plan_jobs
from bscnet.errors import InputError
from fixtures.clouds import room, write_ply
from fixtures.model_files import write_model


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a scan; what ships is a model of random weights."""
    folder = tmp_path / "weights"
    folder.mkdir()
    write_model(folder / f"{shipped.DEFAULT}.safetensors", 11)
    facts = {"held_out": {"rooms": 1, "miou": 0.25}}
    (folder / f"{shipped.DEFAULT}.json").write_text(json.dumps(facts))
    monkeypatch.setattr(shipped, "FOLDER", folder)
    here = tmp_path / "here"
    here.mkdir()
    write_ply(here / "scan.ply", room(300))
    monkeypatch.chdir(here)
    return here


def test_a_scan_alone_is_labelled_by_what_ships(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "scan.ply"]) == 0
    told, note = capsys.readouterr()
    assert "scan-labelled.ply: 300 labelled points" in told
    assert note == (
        "note: indoor-5cm was trained on simulated rooms: mIoU 25.0 % on 1 room that it has not seen, never scored on "
        "real scans; z must point up\n"
    )
    vertices = PlyData.read(str(place / "scan-labelled.ply"))["vertex"]
    assert vertices.count == 300 and {"label", "confidence"} <= {one.name for one in vertices.properties}
    assert sorted(path.name for path in place.iterdir()) == ["scan-labelled.ply", "scan.ply"]


def test_quiet_says_nothing_of_it(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "scan.ply", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_the_same_model_by_all_ways(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(shipped.shipped_file(shipped.DEFAULT))
    (place / "other.bin").write_bytes(Path(file).read_bytes())
    ways = ([], ["--model", shipped.DEFAULT], ["--model", file], ["--model", "other.bin"])
    for number, way in enumerate(ways):
        assert main(["predict", *way, "scan.ply", "-o", f"{number}.ply"]) == 0
    assert main(["predict", file, "scan.ply", "-o", f"{len(ways)}.ply"]) == 0
    assert len({(place / f"{number}.ply").read_bytes() for number in range(len(ways) + 1)}) == 1
    assert capsys.readouterr().err.count("note: ") == 2  # of a model that is named, or is taken unasked


def test_several_scans_go_to_a_folder(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_ply(place / "more.ply", room(200, 1))
    assert main(["predict", "scan.ply", "more.ply"]) == 0
    told, _ = capsys.readouterr()
    assert "2 of 2 scans labelled, in labelled" in told
    assert sorted(path.name for path in (place / "labelled").iterdir()) == ["more.ply", "scan.ply"]
    assert main(["predict", "scan.ply", "more.ply", "--skip-existing"]) == 0
    assert capsys.readouterr().out == "labelled: all scans are labelled already\n"


WORDS = {
    "a scan": (["scan.ply"], None, shipped.DEFAULT, ["scan.ply"]),
    "a model before it": (["own.safetensors", "scan.ply"], None, "own.safetensors", ["scan.ply"]),
    "in capitals": (["OWN.SAFETENSORS", "scan.ply"], None, "OWN.SAFETENSORS", ["scan.ply"]),
    "an option": (["scan.ply", "more.ply"], "own.bin", "own.bin", ["scan.ply", "more.ply"]),
    "an option before all": (["a.safetensors", "scan.ply"], "own", "own", ["a.safetensors", "scan.ply"]),
    "a folder that is called as a model": ([shipped.DEFAULT, "scan.ply"], None, shipped.DEFAULT,
                                           [shipped.DEFAULT, "scan.ply"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WORDS)
def test_which_word_is_the_model(name: str) -> None:
    given, option, model, scans = WORDS[name]
    assert model_and_scans(given, option) == (model, scans)


def test_a_model_alone_is_refused() -> None:
    with pytest.raises(InputError, match="own.safetensors is a model, and no scan is given"):
        model_and_scans(["own.safetensors"], None)


@pytest.mark.parametrize(
    ("scan", "ending", "target"),
    [
        ("a/scan.ply", None, "scan-labelled.ply"),
        ("scan.v2.laz", None, "scan.v2-labelled.laz"),
        ("tile.copc.laz", None, "tile-labelled.laz"),
        ("scan.ply", "npz", "scan-labelled.npz"),
    ],
)
def test_one_scan_goes_beside_nothing_else(scan: str, ending: str | None, target: str) -> None:
    plan = plan_jobs([scan], None, ending, [])
    assert (plan.output, plan.into_folder) == (Path(target), False)
    assert [(job.source, job.target) for job in plan.jobs] == [(Path(scan), Path(target))]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--model", "outdoor", "scan.ply"],
            "outdoor: no model of this name ships with bscnet, and there is no such file",
        ),
        (["--model", "none.safetensors", "scan.ply"], "none.safetensors"),
        (["own.safetensors"], "own.safetensors is a model, and no scan is given"),
        (["none.ply"], "none.ply: no such file"),
        (["nan.ply"], "nan.ply: 1 of 20 points have coordinates that are not finite"),
        (["scan.ply", "--model", "own.ply", "-o", "./own.ply"], "overwrite"),
    ],
)
def test_mistakes_are_one_sentence(
    words: list[str], told: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = room(20)
    write_ply(place / "own.ply", cloud)
    cloud["x"][3] = np.nan
    write_ply(place / "nan.ply", cloud)
    before = {path: path.read_bytes() for path in place.iterdir()}
    assert main(["predict", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and told in err and err.count("\n") == 1
    assert {path: path.read_bytes() for path in place.iterdir()} == before


def test_without_any_weights_a_scan_alone_is_told(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shipped, "FOLDER", tmp_path / "nothing")
    assert main(["predict", "scan.ply"]) == 2
    assert "indoor-5cm: no model of this name ships with bscnet" in capsys.readouterr().err
