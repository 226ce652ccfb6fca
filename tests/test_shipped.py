"""Models that ship with the package: found by name from anywhere, described by what lies beside them."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import bscnet
from bscnet import runtime, shipped
from bscnet.errors import InputError
from bscnet.export.file import VERSION
from fixtures.clouds import room
from fixtures.model_files import write_model

NAMES = shipped.shipped_names()


def arrays(points: int = 500) -> tuple[np.ndarray, np.ndarray]:
    cloud = room(points)
    return tuple(np.stack([cloud[name] for name in names], axis=1) for names in ("xyz", ("red", "green", "blue")))


def test_the_default_ships() -> None:
    assert shipped.DEFAULT in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_name_gives_what_its_file_gives(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    points, colors = arrays()
    labels, confidence = bscnet.load(name).label(points, colors)
    from_file, sure = bscnet.load(shipped.shipped_file(name)).label(points, colors)
    np.testing.assert_array_equal(labels, from_file)
    np.testing.assert_array_equal(confidence, sure)
    assert labels.shape == (500,) and set(labels.tolist()) <= set(bscnet.load(name).label_names)
    assert runtime.load(name).class_names == runtime.load(shipped.shipped_file(name)).class_names


@pytest.mark.parametrize("name", NAMES)
def test_its_facts_are_of_this_file(name: str) -> None:
    file, facts = shipped.model_file(name), shipped.facts(name)
    session = runtime.load(name)
    assert file.stat().st_size < 1_000_000
    assert facts["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert list(facts["held_out"]["iou"]) == list(session.class_names)
    assert facts["trained_on"]["rooms_seed"] != facts["held_out"]["rooms_seed"]
    assert session.version == VERSION and session.description["precision"] == "a1w1"
    assert f"-{100 * session.voxel_size:g}cm" in name
    assert session.description["data"] == "rooms" and session.features.names == ("rgb",)
    twice = {key for key in session.description if key in facts or key in facts["trained_on"]}
    assert twice == set()  # what the model file says is not said again


def test_an_unknown_name_is_told_with_those_that_ship(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = (
        rf"^outdoor: no model of this name ships with bscnet, and there is no such file; shipped: {', '.join(NAMES)}$"
    )
    for load in (bscnet.load, runtime.load):
        with pytest.raises(InputError, match=told):
            load("outdoor")
    with pytest.raises(InputError, match="outdoor: no model of this name"):
        shipped.facts("outdoor")


def test_a_path_is_a_file_and_a_name_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shipped.model_file("./outdoor") == Path("outdoor")  # what is wrong with it is told where it is opened
    assert shipped.model_file("outdoor.safetensors") == Path("outdoor.safetensors")
    write_model(tmp_path / shipped.DEFAULT, 3)
    own = runtime.load(tmp_path / shipped.DEFAULT).class_names
    assert runtime.load(f"./{shipped.DEFAULT}").class_names == own != runtime.load(shipped.DEFAULT).class_names
    assert runtime.load(Path(shipped.DEFAULT)).class_names == own
    (tmp_path / "outdoor").write_bytes((tmp_path / shipped.DEFAULT).read_bytes())
    assert runtime.load("outdoor").class_names == own


def test_facts_lie_beside_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "FOLDER", tmp_path)
    assert shipped.shipped_names() == ()
    with pytest.raises(InputError, match="shipped: none$"):
        shipped.model_file("own")
    write_model(tmp_path / "own.safetensors", 1)
    (tmp_path / "own.json").write_text(json.dumps({"made_by": "hand"}))
    assert shipped.shipped_names() == ("own",)
    assert shipped.facts("own") == {"made_by": "hand"}


def test_a_name_loads_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys, numpy as np, bscnet\n"
        f"labels, _ = bscnet.load({shipped.DEFAULT!r}).label(np.random.default_rng(0).random((50, 3)), "
        "np.full((50, 3), 128, np.uint8))\n"
        "print(len(labels), sorted({'torch', 'hydra', 'open3d', 'matplotlib'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "50 []\n"
