from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from bscnet.datasets.scannet import ScanNet, check
from bscnet.datasets.scannet.classes import nyu40_to_class
from bscnet.datasets.scannet.datamodule import ScanNetDataModule
from bscnet.datasets.scannet.units import units_problem
from bscnet.errors import InputError
from fixtures.scannet_files import Scene, make_scene, write_root, write_scene, write_test_scene


def test_a_scene_comes_back_exactly(tmp_path: Path) -> None:
    scene = make_scene(seed=3)
    write_scene(tmp_path, "scene0003_00", scene)
    scan = ScanNet(tmp_path).read("scene0003_00")
    assert scan.name == "scene0003_00"
    np.testing.assert_array_equal(scan.points, scene.points)
    np.testing.assert_array_equal(scan.colors, scene.colors)
    np.testing.assert_array_equal(scan.labels, nyu40_to_class(scene.nyu40))


def test_labels_above_40_are_ignored_and_no_damage(tmp_path: Path) -> None:
    """The owners' scene0270_00 and scene0270_02 hold 50, scene0384_00 holds 149."""
    scene = make_scene(seed=3)
    scene.nyu40[:4] = 50, 149, 39, 65535
    root = write_root(tmp_path)
    write_scene(root, "scene0000_00", scene)
    labels = ScanNet(root).read("scene0000_00").labels
    assert labels[:4].tolist() == [-100, -100, 19, -100]
    np.testing.assert_array_equal(labels[4:], nyu40_to_class(scene.nyu40[4:]))
    assert check(root) == []


def test_a_scene_without_labels_is_all_ignored(tmp_path: Path) -> None:
    write_scene(tmp_path, "a", make_scene())[1].unlink()
    assert set(ScanNet(tmp_path).read("a", labelled=False).labels.tolist()) == {-100}
    with pytest.raises(InputError, match=r"labels\.ply: no such file"):
        ScanNet(tmp_path).read("a")


def test_the_folders_own_lists_come_first(tmp_path: Path) -> None:
    root = write_root(tmp_path, train=2, val=1)
    assert ScanNet(root).scenes("train") == ["scene0000_00", "scene0001_00"]
    assert ScanNet(root).scenes("val") == ["scene1000_00"]
    with pytest.raises(InputError, match=r"scannetv2_test\.txt"):
        ScanNet(root).scenes("test")


def test_the_official_lists_hold_without_own_ones(tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    source = ScanNet(tmp_path)
    lists = {split: source.scenes(split) for split in ("train", "val", "test")}
    assert [len(names) for names in lists.values()] == [1201, 312, 100]
    assert len({name for names in lists.values() for name in names}) == 1613
    assert lists["val"][0] == "scene0011_00"


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"", "is empty"),
        (b"a\nb\na\n", "scene a is listed more than once"),
        (b"../../etc\n", "is not a scene name"),
        (b"\xff\xfe\x00", "is not a text file"),
    ],
)
def test_bad_lists_are_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = write_root(tmp_path) / "splits" / "scannetv2_val.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=sentence) as error:
        ScanNet(tmp_path).scenes("val")
    assert str(path) in str(error.value)


def test_no_data_and_unknown_splits_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / 'scans'}")):
        ScanNet(tmp_path).scenes("train")
    with pytest.raises(InputError, match="'dev', it must be one of train, val, test"):
        ScanNet(tmp_path).scenes("dev")


def test_the_test_split_lies_in_its_own_folder_or_with_the_others(tmp_path: Path) -> None:
    scene = make_scene()
    own = write_test_scene(tmp_path, "scene0707_00", scene)
    source = ScanNet(tmp_path)
    assert len(source.scenes("test")) == 100 and "scene0707_00" in source.scenes("test")
    with pytest.raises(InputError, match="no ScanNet data here"):
        source.scenes("val")
    shared = write_scene(tmp_path, "scene0708_00", scene)[0]
    for name, path in (("scene0707_00", own), ("scene0708_00", shared)):
        assert source.files(name, labelled=False) == [path]
        np.testing.assert_array_equal(source.read(name, labelled=False).points, scene.points)
    source.require(["scene0707_00", "scene0708_00"], labelled=False)
    with pytest.raises(InputError, match=re.escape(str(tmp_path / "scans_test" / "scene0709_00"))):
        source.require(["scene0709_00"], labelled=False)
    with pytest.raises(InputError, match="scans of the test split have no labels"):
        source.require(["scene0707_00"])
    with pytest.raises(InputError, match=re.escape(str(tmp_path / "scans" / "scene0709_00"))):
        source.require(["scene0709_00"])


def test_half_present_data_is_counted(tmp_path: Path) -> None:
    source = ScanNet(write_root(tmp_path, train=3, val=1))
    source.require(source.scenes("train"))
    gone = source.files("scene0001_00")
    for path in (*gone, source.files("scene0002_00")[1]):
        path.unlink()
    with pytest.raises(InputError) as error:
        source.require(source.scenes("train"))
    assert f"3 of 6 files of the 3 scenes asked for are missing, the first is {gone[0]}" in str(error.value)


def test_check_names_every_problem(tmp_path: Path) -> None:
    root = write_root(tmp_path, train=3, val=2)
    source = ScanNet(root)
    assert check(root) == []
    absent = source.files("scene0001_00")[1]
    absent.unlink()
    cut = source.files("scene1001_00")[0]
    cut.write_bytes(cut.read_bytes()[:-9])
    with (root / "splits" / "scannetv2_val.txt").open("a") as file:
        file.write("scene0000_00\n")
    problems = check(root)
    expected = ["scene0000_00 is in the train and the val split", str(absent), str(cut)]
    assert len(problems) == len(expected)
    assert all(part in problem for part, problem in zip(expected, problems, strict=True))
    assert len(check(root, ["train"])) == 1
    assert "scannetv2_test.txt" in check(root, ["test"])[0]


def test_the_check_reads_with_threads(tmp_path: Path) -> None:
    root = write_root(tmp_path, train=4, val=3)
    source = ScanNet(root)
    for name in ("scene0001_00", "scene1002_00"):
        source.files(name)[1].write_bytes(b"ply")
    source.files("scene0002_00")[0].unlink()
    problems = check(root, workers=3)
    assert problems == check(root)
    assert [str(source.files(name)[side]) in problem for (name, side), problem in zip(
        [("scene0002_00", 0), ("scene0001_00", 1), ("scene1002_00", 1)], problems, strict=True
    )] == [True] * 3  # fmt: skip


def test_test_scans_are_checked_wherever_they_lie(tmp_path: Path) -> None:
    root = write_root(tmp_path, train=2, val=1)
    condition = ScanNetDataModule(root).condition
    listed = root / "splits" / "scannetv2_test.txt"
    assert check(root) == [] and condition() == f"{root} is complete: train 2, val 1, no test scans"
    listed.write_text("scene0707_00\nscene0708_00\n")
    assert check(root) == []  # the owners' lists come together, whether one has the test scans or not
    meshes = [write_scene(root, name, make_scene())[0] for name in ("scene0707_00", "scene0708_00")]
    assert check(root) == [] and condition() == f"{root} is complete: train 2, val 1, test 2"
    meshes[1].write_bytes(meshes[1].read_bytes()[:-9])
    (problem,) = check(root)
    assert problem.startswith(f"{meshes[1]}: damaged or truncated")
    meshes[1].unlink()
    assert check(root) == [f"{meshes[1]}: no such file"]
    listed.write_text("")
    (problem,) = check(root)
    assert problem.startswith(f"{listed}: the split list is empty")


def test_a_scan_in_both_lists_is_not_trained_on(tmp_path: Path) -> None:
    root = write_root(tmp_path)
    with (root / "splits" / "scannetv2_val.txt").open("a") as file:
        file.write("scene0001_00\n")
    for limits in ({}, {"limit_train_scenes": 1}):
        with pytest.raises(InputError) as error:
            ScanNetDataModule(root, **limits).setup()
        for told in (str(root), "scene0001_00", "scannetv2_train.txt", "scannetv2_val.txt", "1 such scenes"):
            assert told in str(error.value)


def test_the_check_names_both_files_of_a_scene_and_reads_faces(tmp_path: Path) -> None:
    root = write_root(tmp_path, train=2, val=1)
    mesh, labels = ScanNet(root).files("scene0000_00")
    whole = mesh.read_bytes()
    mesh.write_bytes(whole[:-4] + b"\xff\xff\xff\x7f")  # the last corner of the last face
    labels.write_bytes(labels.read_bytes()[:-1])
    ScanNet(root).read("scene0001_00")
    problems = check(root)
    assert "no vertex has the number of 1 corner of faces, the first is 2147483647" in problems[0]
    assert str(mesh) in problems[0] and str(labels) in problems[1] and len(problems) == 2


def test_the_check_of_the_test_split_wants_no_labels(tmp_path: Path) -> None:
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "scannetv2_test.txt").write_text("a\nb\n")
    write_test_scene(tmp_path, "a", make_scene())
    mesh = write_test_scene(tmp_path, "b", make_scene())
    assert check(tmp_path, ["test"]) == []
    mesh.write_bytes(mesh.read_bytes().replace(b"property uchar red", b"property uchar rod"))
    assert "no property 'red'" in check(tmp_path, ["test"])[0]
    write_root(tmp_path)
    assert ["no property 'red'" in problem for problem in check(tmp_path)] == [True]


def room(length: float = 5.0, height: float = 2.7, edge: float = 0.03) -> tuple[np.ndarray, np.ndarray]:
    """Triangles of `edge` metres strewn over a room."""
    rng = np.random.default_rng(0)
    places = rng.random((200, 3)) * (length, length / 2, height)
    points = (places + edge * np.eye(3)[:, None]).reshape(600, 3).astype(np.float32)
    points[:2] = (0, 0, 0), (length, length / 2, height)
    return points, np.arange(600).reshape(3, 200).T


@pytest.mark.parametrize("size", [{}, {"length": 40.0}, {"height": 9.0}, {"edge": 0.1}, {"length": 0.5, "height": 0.4}])
def test_rooms_in_metres_are_nothing_odd(size: dict[str, float]) -> None:
    assert units_problem(*room(**size)) is None


@pytest.mark.parametrize(
    "factor, unit", [(1000.0, "looks like millimetres"), (100.0, "looks like centimetres"), (1 / 0.3048, "like feet"),
                     (0.001, "is no room")]
)  # fmt: skip
def test_other_units_are_told(factor: float, unit: str, tmp_path: Path) -> None:
    points, corners = room()
    assert unit in str(units_problem(points * np.float32(factor), corners))
    scene = Scene((points * factor).astype(np.float32), np.zeros((600, 3), np.uint8), np.ones(600, np.uint16), corners)
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "scannetv2_train.txt").write_text("a\n")
    mesh, _ = write_scene(tmp_path, "a", scene)
    (problem,) = check(tmp_path, ["train"])
    assert problem.startswith(f"{mesh}: the mesh is ") and unit in problem and "must be in metres" in problem


def test_training_scans_wider_than_the_cube_are_told(tmp_path: Path) -> None:
    root = write_root(tmp_path, train=1, val=1)
    points, corners = room(length=45.0)
    for name in ("scene0000_00", "scene1000_00"):
        write_scene(root, name, Scene(points, np.zeros((600, 3), np.uint8), np.ones(600, np.uint16), corners))
    assert check(root) == []
    (problem,) = check(root, voxel_size=0.005)
    assert problem.startswith(f"{ScanNet(root).files('scene0000_00')[0]}: the scan is wider than the training cube")
    assert ScanNetDataModule(root, voxel_size=0.005).problems() == [problem]


def test_the_fingerprint_follows_the_content(tmp_path: Path) -> None:
    root = write_root(tmp_path)
    before = ScanNet(root).fingerprint("scene0000_00")
    source = ScanNet(root)
    assert source.fingerprint("scene0000_00") == before != source.fingerprint("scene0001_00")
    assert source.fingerprint("scene0000_00", labelled=False) != before
    scene = make_scene(seed=0)
    scene.nyu40[0] = (scene.nyu40[0] + 1) % 41
    write_scene(root, "scene0000_00", scene)
    assert source.fingerprint("scene0000_00") == ScanNet(root).fingerprint("scene0000_00") != before
    source.files("scene0000_00")[0].unlink()
    with pytest.raises(InputError, match="cannot be read"):
        source.fingerprint("scene0000_00")
