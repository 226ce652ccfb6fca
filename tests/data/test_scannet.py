from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from bscnet.data.labels import nyu40_to_class
from bscnet.data.scannet import ScanNet, check
from bscnet.errors import InputError
from fixtures.scannet_files import make_scene, write_root, write_scene


def test_a_scene_comes_back_exactly(tmp_path: Path) -> None:
    scene = make_scene(seed=3)
    write_scene(tmp_path, "scene0003_00", scene)
    scan = ScanNet(tmp_path).read("scene0003_00")
    assert scan.name == "scene0003_00"
    np.testing.assert_array_equal(scan.points, scene.points)
    np.testing.assert_array_equal(scan.colors, scene.colors)
    np.testing.assert_array_equal(scan.labels, nyu40_to_class(scene.nyu40))


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
