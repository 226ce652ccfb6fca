"""The command that makes the weights that ship: every step on two tiny rooms, and what it refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bscnet
from benchmarks.common.kept import digest, kept, known
from benchmarks.shipped_weights import packed, program, scans, steps
from benchmarks.shipped_weights.card import changes_table, document, scores_table
from benchmarks.shipped_weights.chains import EXPERIMENT, Chains
from benchmarks.shipped_weights.places import NAME, Places
from benchmarks.shipped_weights.score import held_out, thinned, turned
from benchmarks.shipped_weights.summary import facts, made_by
from bscnet import shipped
from bscnet.data.scan import Scan
from bscnet.datasets.real.single import VIEWS, SingleCloudSource, upright
from bscnet.errors import InputError
from bscnet.run import main
from bscnet.simulate import ensure_rooms
from bscnet.viz.page import PageScene
from fixtures.model_files import write_model
from fixtures.real_clouds import folder_with

TINY = (
    "data.train_scenes=2", "data.val_scenes=1", "data.voxel_size=0.1", "data.num_workers=0", "recipe.epochs=2",
    "model.network.m=8", "model.network.depth=2", "threads=1",
)  # fmt: skip


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rooms to train on and one to watch the training by; beside them one that is held out."""
    root = tmp_path_factory.mktemp("shipped") / "rooms"
    ensure_rooms(root, 2, 1, workers=1, progress=False)
    ensure_rooms(root.with_name("rooms_held_out"), 1, 1, seed=1, workers=1, progress=False)
    return root


START = subprocess.run


def run_here(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """A training as a process of its own does it, without the seconds that one takes to start."""
    if command[1:3] != ["-m", "bscnet.run"]:
        return START(command, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["run", *command[3:]])
        return subprocess.CompletedProcess(command, main())


def call(rooms: Path, only: str, *further: str) -> int:
    """Run some steps in a folder of their own."""
    place = rooms.parent
    options = ["--only", only, "--rooms", "1", "--root", str(place / "out"), "--runs", str(place / "runs")]
    return program.run([*options, f"data.root={rooms}", *TINY, *further])


def test_where_it_writes_is_where_the_package_looks() -> None:
    assert Places().model == shipped.shipped_file(NAME) and Places().facts == shipped.facts_file(Places().model)


@pytest.mark.slow
def test_from_rooms_to_the_card(
    rooms: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    places = Places(rooms.parent / "out")
    monkeypatch.setattr(subprocess, "run", run_here)
    with pytest.raises(InputError, match="the real network of this recipe is not trained yet"):
        call(rooms, "export")
    assert call(rooms, "train,export") == 0
    with pytest.raises(InputError, match="run the step score first"):
        call(rooms, "card")
    assert call(rooms, "score,card") == 0
    found: dict[str, Any] = json.loads(places.results.read_text())
    assert found["sha256"] == digest(places.model) and found["bytes"] == places.model.stat().st_size
    assert found["trained_on"]["epochs"] == {"real": {"real": 2}, "binary": {"activations": 1, "weights": 1}}
    assert found["network"]["method"] == "bsc_manual" and found["trained_on"]["shifts"] == "tetra4"
    assert found["real_scans"] == [] and found["room"] is None
    assert json.loads(places.facts.read_text()) == facts(found)
    text = places.card.read_text()
    assert text == document(found) and "None has been looked at" in text

    # each network's scores are those of its file on the room that was held out
    _, store, (name,) = held_out([f"experiment={EXPERIMENT}", f"data.root={rooms}", *TINY], 1)
    scan = store.scan(name)
    labels, _ = bscnet.load(places.model, indices=True).label(scan.points, scan.colors)
    right = (labels == scan.labels)[scan.labels >= 0]
    assert found["held_out"]["binary"]["acc"] == pytest.approx(right.mean())
    assert found["held_out"]["real"]["miou"] != found["held_out"]["binary"]["miou"]
    assert len(found["held_out"]["otherwise"]) == 5

    # nothing that is finished is done again
    def never(*_: object, **__: object) -> None:
        raise AssertionError("done a second time")

    for module, names in ((subprocess, "run"), (packed, "export"), (steps, "score")):
        monkeypatch.setattr(module, names, never)
    before = {path: path.read_bytes() for path in places.root.rglob("*") if path.is_file()}
    assert call(rooms, "train,export,score,card") == 0
    assert {path: path.read_bytes() for path in places.root.rglob("*") if path.is_file()} == before
    # and what is gone is made again
    places.model.unlink()
    with pytest.raises(AssertionError, match="a second time"):
        call(rooms, "export")


@pytest.mark.slow
def test_a_model_that_is_too_large_does_not_ship(rooms: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", run_here)
    assert call(rooms, "train") == 0
    monkeypatch.setattr(packed, "MOST_BYTES", 1000)
    chains, places = Chains([f"data.root={rooms}", *TINY], rooms.parent / "runs"), Places(rooms.parent / "large")
    with pytest.raises(InputError, match="what ships must have less than 1,000"):
        packed.pack(chains, places, "binary")
    assert not places.model.exists()


def test_rooms_that_are_trained_on_are_not_scored(rooms: Path, tmp_path: Path) -> None:
    (tmp_path / "rooms").symlink_to(rooms)
    shutil.copytree(rooms.with_name("rooms_held_out"), tmp_path / "rooms_held_out")
    record = next((tmp_path / "rooms_held_out" / "scans").glob("*5000_00/simulated.json"))
    words = [f"experiment={EXPERIMENT}", f"data.root={tmp_path / 'rooms'}", *TINY]
    data, _, names = held_out(words, 1)
    assert (data.rooms_seed, data.root, names) == (1, str(tmp_path / "rooms_held_out"), ["scene5000_00"])
    trained = json.loads((rooms / "scans" / "scene0000_00" / "simulated.json").read_text())
    record.write_text(json.dumps({**json.loads(record.read_text()), "sha256": trained["sha256"]}))
    with pytest.raises(InputError, match="a room that is trained on must not be scored"):
        held_out(words, 1)


def test_what_makes_the_binary_network_leaves_the_other_as_it_is() -> None:
    chains = Chains(["method=bsc_baseline", "++method.w_scale=learned", "recipe.epochs=7", "distill.weight=0.5"])
    assert chains.overrides("real") == ["experiment=indoor_5cm", "recipe.epochs=7", "method=real"]
    assert chains.overrides("binary") == ["experiment=indoor_5cm", *chains.words]
    assert chains.settings("real").method.name == "real"
    assert chains.settings("binary").method.name == "bsc_baseline"


def test_the_teacher_is_trained_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chains = Chains([], tmp_path, distilled=True)
    with pytest.raises(InputError, match="the real network of this recipe is not trained yet"):
        chains.overrides("binary")
    asked: list[list[str]] = []

    def fail(command: list[str], check: bool) -> subprocess.CompletedProcess[str]:
        asked.append(command[3:])
        return subprocess.CompletedProcess(command, 3)

    monkeypatch.setattr(subprocess, "run", fail)
    assert steps.Steps(chains, Places(tmp_path), 1).train() == 3
    assert asked == [["experiment=indoor_5cm", "method=real", f"output_dir='{tmp_path}'", "resume=true"]]


def test_the_command_that_is_told_leads_to_the_same_weights() -> None:
    assert made_by(Chains()) == "python -m benchmarks.shipped_weights"
    words = ["threads=1", "recipe.epochs=9", "data.num_workers=0"]
    assert (
        made_by(Chains(words, Path("runs"), True)) == "python -m benchmarks.shipped_weights --distill recipe.epochs=9"
    )


def test_an_unknown_step_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.run(["--only", "train,sing"])
    assert "no step is called 'sing', they are train, export, score, pictures, card" in capsys.readouterr().err


def test_what_is_kept_is_found_once(tmp_path: Path) -> None:
    file, found = tmp_path / "there" / "kept.json", iter([{"value": 1}, {"value": 2}])
    assert known(file, {"of": "a"}) is None
    assert kept(file, {"of": "a"}, lambda: next(found)) == {"value": 1}
    assert kept(file, {"of": "a"}, lambda: next(found)) == {"value": 1} == known(file, {"of": "a"})
    assert kept(file, {"of": "b"}, lambda: next(found)) == {"value": 2}
    assert known(file, {"of": "a"}) is None


def test_changed_scans() -> None:
    points = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], np.float32)
    scan = Scan("a", points, np.zeros((3, 3), np.uint8), np.arange(3, dtype=np.int16))
    np.testing.assert_allclose(turned(scan, 90).points, [[1, 0, 0], [0, 0, -1], [0, 1, 0]], atol=1e-6)  # y is up
    assert turned(scan, 10).points[2] == pytest.approx([0, np.sin(np.deg2rad(10)), np.cos(np.deg2rad(10))])
    assert thinned(scan, 2).labels.tolist() == [0, 2] and len(thinned(scan, 2).points) == 2


@pytest.mark.slow
def test_a_real_scan_is_stood_upright_and_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "real").symlink_to(folder_with("motorcycle"))
    monkeypatch.chdir(tmp_path)
    drawn: list[PageScene] = []
    monkeypatch.setattr(scans, "write_picture", lambda path, scene, title: drawn.append(scene))
    places = Places(tmp_path / "out")
    places.model.parent.mkdir(parents=True)
    cloud = SingleCloudSource("data/real", "motorcycle").read("motorcycle", labelled=False)
    ways = cloud.points, upright(cloud.points, VIEWS["motorcycle"].up)
    for seed in range(20):  # some random programs have one class for all: one that sees which way is up is wanted
        model = bscnet.load(write_model(places.model, seed), indices=True)
        as_seen, stood = (model.label(points, cloud.colors)[0] for points in ways)
        if (as_seen != stood).any():
            break
    found = scans.look_at_real("real_garage", places)
    assert (found["data"], found["points"], found["picture"]) == ("real_garage", 343_274, "indoor-5cm-garage.jpg")
    (scene,) = drawn
    np.testing.assert_array_equal(scene.points, ways[1])
    assert found["extent"] == pytest.approx(np.ptp(scene.points, axis=0).tolist())
    labels, confidence = bscnet.load(places.model, indices=True).label(scene.points, scene.colors)
    np.testing.assert_array_equal(scene.prediction, labels)
    assert found["confidence"] == pytest.approx(confidence.mean())
    assert found["same_as_seen"] == (labels == as_seen).mean() < 1
    assert sum(found["classes"].values()) == pytest.approx(1, abs=0.05)


def test_the_tables_stand_class_by_class() -> None:
    def scores(iou: float | None) -> dict[str, Any]:
        classes = {
            "wall": {"iou": iou, "recall": 0.5, "points": 1200},
            "sink": {"iou": None, "recall": None, "points": 0},
        }
        return {"miou": iou, "macc": 0.5, "acc": 0.75, "classes": classes}

    found = {"held_out": {"binary": scores(0.25), "real": scores(0.5), "otherwise": {"grey": 0.125}}}
    assert scores_table(found).splitlines()[2:] == [
        "| wall | 1,200 | 25.00 | 50.00 | 50.00 | 50.00 |",
        "| sink | 0 |  |  |  |  |",
        "| **mean over the classes** |  | 25.00 | 50.00 | 50.00 | 50.00 |",
    ]
    assert changes_table(found).splitlines()[2:] == ["| as it was simulated | 25.00 |", "| grey | 12.50 |"]
