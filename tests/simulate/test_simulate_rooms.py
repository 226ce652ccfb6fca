"""Sets of simulated rooms: same seed, same bytes; growth; resuming; nothing foreign is touched."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bscnet.datasets.scannet import ScanNet, check
from bscnet.errors import InputError
from bscnet.simulate import ensure_rooms, scene, simulate
from bscnet.simulate.classes import CLASS_IDS
from bscnet.simulate.recipes import furnish
from bscnet.simulate.scene import QUICK, room_kind, scene_name, simulate_scene
from bscnet.simulate.scene_set import FIRST_VAL_SCENE

COARSE = {"voxel_length": 0.08, "workers": 1, "progress": False}


def digests(root: Path) -> dict[str, str]:
    files = sorted(p for p in root.rglob("*") if p.is_file() and p.name != ".simulate.lock")
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One training and one validation room; not to be written to."""
    root = tmp_path_factory.mktemp("set") / "rooms"
    assert ensure_rooms(root, 1, 1, seed=5, **COARSE) == ["scene0000_00", "scene5000_00"]
    return root


@pytest.fixture
def copy(rooms: Path, tmp_path: Path) -> Path:
    """The same set, free to be damaged."""
    import shutil

    return Path(shutil.copytree(rooms, tmp_path / "rooms"))


def test_layout_and_manifest(rooms: Path) -> None:
    assert {p.name for p in rooms.iterdir()} == {"scans", "splits", "simulated.json", ".simulate.lock"}
    manifest = json.loads((rooms / "simulated.json").read_text())
    assert manifest["simulated"] is True and manifest["complete"] is True and manifest["seed"] == 5
    assert "simulated" in manifest["statement"] and "not ScanNet" in manifest["statement"]
    assert manifest["rooms"] == {"scene0000_00": "living room", "scene5000_00": "living room"}
    source = ScanNet(rooms)
    assert source.scenes("train") == ["scene0000_00"] and source.scenes("val") == ["scene5000_00"]
    assert check(rooms) == []
    for split in ("train", "val"):
        labels = source.read(source.scenes(split)[0]).labels
        counts = np.bincount(labels[labels >= 0], minlength=20)
        assert list(manifest["vertices_per_class"][split].values()) == counts.tolist()
        assert (counts > 0).sum() >= 9


def test_same_seed_same_bytes_in_another_process_with_other_threads(rooms: Path, tmp_path: Path) -> None:
    code = f"from bscnet.simulate import ensure_rooms; ensure_rooms('rooms', 1, 1, seed=5, **{COARSE!r})"
    for threads in ("1", "3"):
        folder = tmp_path / threads
        folder.mkdir()
        subprocess.run(
            [sys.executable, "-c", code], cwd=folder, check=True, env={**os.environ, "OMP_NUM_THREADS": threads}
        )
        assert digests(folder / "rooms") == digests(rooms)


def test_another_seed_gives_another_scene(rooms: Path) -> None:
    points = ScanNet(rooms).read("scene0000_00").points
    other = simulate_scene(6, 0, scene.ScanSettings(**{**vars(QUICK), "voxel_length": 0.08}))
    assert points.shape != other.points.shape


def test_a_set_grows_without_changing_what_is_there_in_parallel_processes(rooms: Path, copy: Path) -> None:
    names = ensure_rooms(copy, 3, 1, seed=5, voxel_length=0.08, workers=2, progress=False)
    assert names == ["scene0000_00", "scene0001_00", "scene0002_00", "scene5000_00"]
    before, after = digests(rooms), digests(copy)
    assert all(after[name] == before[name] for name in before if name.startswith("scans"))
    assert ScanNet(copy).scenes("train") == names[:3]
    assert check(copy) == []


def test_a_test_split_without_labels_changes_nothing_else(rooms: Path, copy: Path) -> None:
    def added() -> list[str]:
        before, after = digests(rooms), digests(copy)
        assert all(after[name] == before[name] for name in before if name != "simulated.json")
        return sorted(name for name in after if name not in before)

    names = simulate(copy, 2, seed=5, val_fraction=0.5, quick=True, test_scenes=1, **COARSE)
    assert names == ["scene0000_00", "scene5000_00"]
    folder, test = "scans_test/scene10000_00", "scene10000_00_vh_clean_2.ply"
    assert added() == [f"{folder}/{test}", f"{folder}/simulated.json", "splits/scannetv2_test.txt"]
    source = ScanNet(copy)
    assert source.scenes("test") == ["scene10000_00"] and check(copy) == []
    made = simulate_scene(5, 10_000, scene.ScanSettings(**{**vars(QUICK), "voxel_length": 0.08}))
    np.testing.assert_array_equal(source.read("scene10000_00", labelled=False).points, made.points)
    whole = digests(copy)
    ensure_rooms(copy, 1, 1, seed=5, **COARSE)  # as the embedded data set asks, which wants no test split
    assert digests(copy) == whole
    (copy / folder / test).unlink()
    with pytest.raises(InputError, match="scene10000_00: damaged or not made here"):
        ensure_rooms(copy, 1, 1, seed=5, **COARSE)


def test_a_complete_set_is_left_alone(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times = {p: p.stat().st_mtime_ns for p in copy.rglob("*") if p.is_file() and p.name != ".simulate.lock"}
    monkeypatch.setattr("bscnet.simulate.scene_set.write_simulated_scene", None)
    ensure_rooms(copy, 1, 1, seed=5, **COARSE)
    assert {p: p.stat().st_mtime_ns for p in times} == times


def test_an_interrupted_run_goes_on_with_what_is_missing(
    rooms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, made = tmp_path / "rooms", []
    real = scene.write_simulated_scene

    def stop_at_second(scans: Path, seed: int, index: int, settings: scene.ScanSettings, labelled: bool) -> None:
        if made:
            (scans / ".scene5000_00.99999").mkdir()  # what a killed process leaves behind
            raise KeyboardInterrupt
        made.append(index)
        real(scans, seed, index, settings, labelled)

    monkeypatch.setattr("bscnet.simulate.scene_set.write_simulated_scene", stop_at_second)
    with pytest.raises(KeyboardInterrupt):
        ensure_rooms(root, 1, 1, seed=5, **COARSE)
    assert made == [0] and not (root / "splits").exists()
    assert json.loads((root / "simulated.json").read_text())["complete"] is False

    def note(scans: Path, seed: int, index: int, settings: scene.ScanSettings, labelled: bool) -> None:
        made.append(index)
        real(scans, seed, index, settings, labelled)

    monkeypatch.setattr("bscnet.simulate.scene_set.write_simulated_scene", note)
    ensure_rooms(root, 1, 1, seed=5, **COARSE)
    assert made == [0, FIRST_VAL_SCENE]
    assert digests(root) == digests(rooms)


def test_no_half_scene_is_ever_visible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene, "write_json_whole", lambda *_, **__: (_ for _ in ()).throw(OSError("disk full")))
    scans = tmp_path / "scans"
    with pytest.raises(OSError, match="disk full"):
        scene.write_simulated_scene(scans, 5, 1, scene.ScanSettings(**{**vars(QUICK), "frames": 4}))
    assert list(scans.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"seed": 6}, "made with seed 5"),
        ({"voxel_length": 0.05}, "made with settings"),
        ({"quick": False}, "made with settings"),
        ({"train_scenes": 2, "val_scenes": 0}, "can grow but not shrink"),
    ],
)
def test_rooms_of_another_making_are_refused(rooms: Path, change: dict[str, object], sentence: str) -> None:
    before = digests(rooms)
    asked = {"train_scenes": 1, "val_scenes": 1, "seed": 5, **COARSE, **change}
    with pytest.raises(InputError, match=sentence):
        ensure_rooms(rooms, **asked)  # type: ignore[arg-type]
    assert digests(rooms) == before


def test_foreign_files_are_never_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="holds other files"):
        simulate(tmp_path, 2, **COARSE)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="this is a file"):
        simulate(tmp_path / "thesis.txt", 2, **COARSE)  # type: ignore[arg-type]
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]
    (tmp_path / "thesis.txt").rename(tmp_path / "simulated.json")
    with pytest.raises(InputError, match="not the manifest"):
        simulate(tmp_path, 2, **COARSE)  # type: ignore[arg-type]
    assert (tmp_path / "simulated.json").read_text() == "years of work"


def test_a_damaged_scene_is_named_and_kept(copy: Path) -> None:
    file = copy / "scans" / "scene5000_00" / "scene5000_00_vh_clean_2.ply"
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(InputError, match="scene5000_00: damaged or not made here"):
        ensure_rooms(copy, 1, 1, seed=5, **COARSE)
    assert file.stat().st_size == 1000


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"num_scenes": 0}, "number of scenes is 0"),
        ({"num_scenes": 9000, "val_fraction": 0.1}, "allowed are"),
        ({"num_scenes": 2, "val_fraction": 1.0}, "validation fraction is 1.0"),
        ({"num_scenes": 2, "seed": -1}, "seed is -1"),
        ({"num_scenes": 2, "workers": 0}, "workers is 0"),
        ({"num_scenes": 2, "test_scenes": -1}, "-1 test scenes"),
        ({"num_scenes": 2, "voxel_length": float("nan")}, "voxel length is nan"),
    ],
)
def test_values_out_of_range(tmp_path: Path, values: dict[str, float], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        simulate(tmp_path / "rooms", **values)  # type: ignore[arg-type]
    assert not (tmp_path / "rooms").exists()


def test_every_class_is_furnished_in_both_splits_of_the_default_set() -> None:
    for indices in (range(24), range(FIRST_VAL_SCENE, FIRST_VAL_SCENE + 8)):
        rooms = (furnish(room_kind(index), (0, index), QUICK.room_scale) for index in indices)
        present = {part.label for room in rooms for part in room.parts}
        assert set(CLASS_IDS.values()) <= present


@pytest.mark.slow
def test_every_class_is_seen_in_the_default_validation_split() -> None:
    counts = np.zeros(41, dtype=int)
    for index in range(FIRST_VAL_SCENE, FIRST_VAL_SCENE + 8):
        mesh = simulate_scene(0, index, QUICK)
        assert 10_000 < len(mesh.points) < 80_000, scene_name(index)
        assert np.mean(mesh.labels == 0) < 0.05
        counts += np.bincount(mesh.labels, minlength=41)
    assert all(counts[label] > 300 for label in CLASS_IDS.values())
