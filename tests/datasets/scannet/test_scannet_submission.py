"""Files for the ScanNet benchmark: what is written, what is packed, and what is refused."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bscnet.datasets.scannet import ScanNet, write_submission, zip_submission
from bscnet.datasets.scannet.classes import NYU40_IDS
from bscnet.errors import InputError
from fixtures.scannet_files import make_scene, write_test_scene

COUNTS = {"scene0707_00": 5, "scene0708_00": 20, "scene0709_01": 1}


def written(folder: Path) -> dict[str, list[int]]:
    rng = np.random.default_rng(0)
    for scene, count in COUNTS.items():
        write_submission(folder, scene, rng.integers(0, 20, count))
    return {path.stem: list(map(int, path.read_text().split())) for path in folder.glob("*.txt")}


def test_one_nyu40_id_a_vertex_in_the_order_of_the_mesh(tmp_path: Path) -> None:
    path = write_submission(tmp_path / "new" / "folder", "scene0707_00", np.array([0, 19, 12, 13, 0], np.int64))
    assert path == tmp_path / "new" / "folder" / "scene0707_00.txt"
    assert path.read_bytes() == b"1\n39\n14\n16\n1\n"
    every = write_submission(tmp_path, "b", np.arange(20, dtype=np.int16)).read_text()
    assert every == "".join(f"{nyu40}\n" for nyu40 in NYU40_IDS)


@pytest.mark.parametrize(
    "classes, sentence",
    [
        (np.array([0, 3, 20]), "class 20 of vertex 2 is out of range, the benchmark takes classes 0..19"),
        (np.array([0, -100]), "class -100 of vertex 1"),
        (np.zeros((3, 1), int), "must be one whole number a vertex"),
        (np.zeros(3), "type float64"),
        (np.zeros(0, int), "must be one whole number a vertex"),
    ],
)
def test_what_is_no_class_is_refused(tmp_path: Path, classes: np.ndarray, sentence: str) -> None:
    with pytest.raises(InputError, match=re.escape(sentence)) as error:
        write_submission(tmp_path, "a", classes)
    assert "a.txt" in str(error.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize("scenes", [COUNTS, list(COUNTS)])
def test_the_archive_holds_all_files_at_its_root(tmp_path: Path, scenes: dict[str, int] | list[str]) -> None:
    content = written(tmp_path / "mine")
    archive = zip_submission(tmp_path / "mine", scenes)
    assert archive == tmp_path / "mine.zip"
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == [f"{scene}.txt" for scene in COUNTS]
        assert {name[:-4]: list(map(int, packed.read(name).split())) for name in packed.namelist()} == content
    first = archive.read_bytes()
    written(tmp_path / "mine")
    for number, path in enumerate(sorted((tmp_path / "mine").iterdir())):
        os.utime(path, (10**9 + 10**6 * number, 10**9 - 10**6 * number))
        path.chmod(0o600)
    assert zip_submission(tmp_path / "mine", scenes).read_bytes() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "mine.zip"]


@pytest.mark.parametrize(
    "scene, content, sentence",
    [
        ("scene0707_00", None, "predictions of 1 of 3 scenes are missing, the first is scene0707_00.txt"),
        ("scene0001_00", b"1\n", "scene0001_00.txt is none of the split's 3 scenes"),
        ("scene0707_00", b"1\n" * 4, "4 lines for a scan of 5 vertices"),
        ("scene0707_00", b"1\n" * 5 + b"\n", "6 lines for a scan of 5 vertices"),
        ("scene0709_01", b"13\n", "line 1 is '13', it must be one of 1, 2, 3,"),
        ("scene0709_01", b"0\n", "line 1 is '0'"),
        ("scene0709_01", b"", "0 lines for a scan of 1 vertices"),
        ("scene0709_01", b"\xff\n", "line 1 is"),
        ("scene0707_00", b"1\n2\n 3\n4\n5\n", "line 3 is ' 3'"),
    ],
)
def test_an_archive_that_the_benchmark_would_refuse_is_not_made(
    tmp_path: Path, scene: str, content: bytes | None, sentence: str
) -> None:
    folder = tmp_path / "mine"
    written(folder)
    path = folder / f"{scene}.txt"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(sentence)):
        zip_submission(folder, COUNTS)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_empty_file_is_refused_without_counts_too(tmp_path: Path) -> None:
    written(tmp_path / "mine")
    (tmp_path / "mine" / "scene0709_01.txt").write_bytes(b"")
    with pytest.raises(InputError, match="the file is empty"):
        zip_submission(tmp_path / "mine", list(COUNTS))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("a file")
    with pytest.raises(InputError, match="cannot be written"):
        write_submission(tmp_path / "mine", "a", np.zeros(3, int))
    written(tmp_path / "other")
    (tmp_path / "other.zip").mkdir()
    with pytest.raises(InputError, match=r"other\.zip: cannot be written"):
        zip_submission(tmp_path / "other", COUNTS)


def test_from_the_scans_of_the_test_split_to_the_archive(tmp_path: Path) -> None:
    for seed, (scene, count) in enumerate(COUNTS.items()):
        write_test_scene(tmp_path, scene, make_scene(seed, count))
    (tmp_path / "splits").mkdir()
    (tmp_path / "splits" / "scannetv2_test.txt").write_text("".join(f"{scene}\n" for scene in COUNTS))
    source = ScanNet(tmp_path)
    assert source.vertex_counts("test") == COUNTS
    for scene in source.scenes("test"):
        scan = source.read(scene, labelled=False)
        assert set(scan.labels.tolist()) == {-100}
        write_submission(tmp_path / "out", scene, np.arange(len(scan.points)) % 20)
    with zipfile.ZipFile(zip_submission(tmp_path / "out", source.vertex_counts("test"))) as packed:
        assert len(packed.namelist()) == 3
