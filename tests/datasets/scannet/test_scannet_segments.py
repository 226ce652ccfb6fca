"""Labels by segment: equal to the labels by vertex, and every way in which the three files can be wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bscnet.datasets.scannet import ScanNet, check
from bscnet.errors import InputError
from fixtures.scannet_files import make_scene, segments_of, write_by_segment, write_label_table, write_scene

NAME = "scene0003_00"


def edit(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), points=st.integers(1, 300))
def test_labels_by_segment_equal_labels_by_vertex(
    tmp_path_factory: pytest.TempPathFactory, seed: int, points: int
) -> None:
    scene = make_scene(seed, points)
    by_vertex, by_segment = tmp_path_factory.mktemp("vertex"), tmp_path_factory.mktemp("segment")
    write_scene(by_vertex, NAME, scene)
    write_by_segment(by_segment, NAME, scene)
    first, second = ScanNet(by_vertex).read(NAME), ScanNet(by_segment).read(NAME)
    for field in ("points", "colors", "labels"):
        np.testing.assert_array_equal(getattr(first, field), getattr(second, field))
        assert getattr(first, field).dtype == getattr(second, field).dtype
    np.testing.assert_array_equal(ScanNet(by_segment).nyu40_ids(NAME, points), scene.nyu40)


def test_segments_of_no_group_are_unlabelled(tmp_path: Path) -> None:
    scene = make_scene(3)
    _, aggregation, _ = write_by_segment(tmp_path, NAME, scene)
    _, groups = segments_of(scene)
    edit(aggregation, lambda content: content["segGroups"].pop(0))
    assert groups[0]["label"] in ("thing 1", "Thing, no. 1")
    ids = ScanNet(tmp_path).nyu40_ids(NAME, 200)
    lost = ids != scene.nyu40
    assert lost.any() and set(scene.nyu40[lost].tolist()) == {1} and set(ids[lost].tolist()) == {0}
    edit(aggregation, lambda content: content.update(segGroups=[]))
    assert set(ScanNet(tmp_path).read(NAME).labels.tolist()) == {-100}


def test_labels_by_vertex_come_first(tmp_path: Path) -> None:
    scene = make_scene(3)
    segments, aggregation, table = write_by_segment(tmp_path, NAME, scene)
    mesh, labels = write_scene(tmp_path, NAME, scene)
    source = ScanNet(tmp_path)
    assert source.files(NAME) == [mesh, labels]
    first = source.fingerprint(NAME)
    labels.unlink()
    assert source.files(NAME) == [mesh, segments, aggregation, table]
    assert source.fingerprint(NAME) != first
    segments.unlink()
    assert source.files(NAME)[1] == segments  # half of the second way: it is what is missing
    aggregation.unlink()
    assert source.files(NAME) == [mesh, labels]


def test_the_fingerprint_follows_each_of_the_files(tmp_path: Path) -> None:
    for path in write_by_segment(tmp_path, NAME, make_scene(3)):
        before = ScanNet(tmp_path).fingerprint(NAME)
        path.write_text(path.read_text() + "\n")
        assert ScanNet(tmp_path).fingerprint(NAME) != before


def test_the_table_is_found_beside_the_folder_that_scans_links_to(tmp_path: Path) -> None:
    scene = make_scene(3)
    far, near = tmp_path / "far", tmp_path / "near"
    table = write_by_segment(far, NAME, scene)[2]
    near.mkdir()
    (near / "scans").symlink_to(far / "scans", target_is_directory=True)
    np.testing.assert_array_equal(ScanNet(near).nyu40_ids(NAME, 200), scene.nyu40)
    table.unlink()
    with pytest.raises(InputError, match="table of raw categories cannot be read") as error:
        ScanNet(near).read(NAME)
    assert str(near / table.name) in str(error.value)


def test_a_table_that_changes_is_read_again(tmp_path: Path) -> None:
    table = write_by_segment(tmp_path, NAME, make_scene(3))[2]
    source = ScanNet(tmp_path)
    before = source.nyu40_ids(NAME, 200)
    table.write_text(table.read_text().replace("thing 5\t1\t5\t", "thing 5\t1\t17\t"))
    assert (source.nyu40_ids(NAME, 200) != before).any()


def test_groups_of_the_full_mesh_serve_only_if_they_do_not_say_so(tmp_path: Path) -> None:
    scene = make_scene(3)
    aggregation = write_by_segment(tmp_path, NAME, scene)[1]
    other = aggregation.rename(aggregation.with_name(f"{NAME}_vh_clean.aggregation.json"))
    np.testing.assert_array_equal(ScanNet(tmp_path).nyu40_ids(NAME, 200), scene.nyu40)
    edit(other, lambda content: content.update(segmentsFile=f"scannet.{NAME}_vh_clean.segs.json"))
    with pytest.raises(InputError, match="segments of another mesh") as error:
        ScanNet(tmp_path).read(NAME)
    assert str(other) in str(error.value)


def test_of_two_aggregations_the_one_of_this_mesh_counts(tmp_path: Path) -> None:
    """As the owners ship them: the one of the full mesh numbers other segments, and is left alone."""
    scene = make_scene(3)
    segments, aggregation, table = write_by_segment(tmp_path, NAME, scene)
    other = aggregation.with_name(f"{NAME}_vh_clean.aggregation.json")
    content = json.loads(aggregation.read_text()) | {"segmentsFile": f"scannet.{NAME}_vh_clean.segs.json"}
    other.write_text(json.dumps(content | {"segGroups": [{"label": "thing 1", "segments": [10_001]}]}))
    assert ScanNet(tmp_path).files(NAME)[1:] == [segments, aggregation, table]
    np.testing.assert_array_equal(ScanNet(tmp_path).nyu40_ids(NAME, 200), scene.nyu40)


def test_groups_that_share_a_segment_must_agree(tmp_path: Path) -> None:
    """One of the owners' scans lists all of its groups twice."""
    scene = make_scene(3)
    aggregation = write_by_segment(tmp_path, NAME, scene)[1]
    edit(aggregation, lambda content: content["segGroups"].extend(content["segGroups"]))
    np.testing.assert_array_equal(ScanNet(tmp_path).nyu40_ids(NAME, 200), scene.nyu40)
    edit(aggregation, lambda content: content["segGroups"][-1].update(label="thing 2"))
    with pytest.raises(InputError, match=r"is in groups \d+ and \d+ with the different NYU40 ids 40 and 2"):
        ScanNet(tmp_path).read(NAME)


@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda c: c["segIndices"].pop(), "segments of 199 vertices for the 200 vertices"),
        (lambda c: c.pop("segIndices"), "there is no 'segIndices'"),
        (lambda c: c.update(segIndices={"0": 1}), "segIndices must be a list of whole numbers"),
        (lambda c: c.update(segIndices=[0.5] * 200), "segIndices must be a list of whole numbers"),
        (lambda c: c.update(segIndices=[True] * 200), "segIndices must be a list of whole numbers"),
        (lambda c: c.update(segIndices=["1"] * 200), "segIndices must be a list of whole numbers"),
        (lambda c: c.update(segIndices=[2**63] * 200), "segIndices must be a list of whole numbers"),
        (lambda c: c.update(segIndices=[10**40] * 200), "segIndices must be a list of whole numbers"),
        (lambda c: c.update(segIndices=[[1], [2, 3]]), "segIndices must be a list of whole numbers"),
        (lambda c: c.update(segIndices=[]), "segments of 0 vertices"),
    ],
)
def test_bad_segments_are_named(tmp_path: Path, change: Callable[[dict[str, Any]], None], sentence: str) -> None:
    path = write_by_segment(tmp_path, NAME, make_scene(3))[0]
    edit(path, change)
    with pytest.raises(InputError, match=sentence) as error:
        ScanNet(tmp_path).read(NAME)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "change, sentence",
    [
        (lambda c: c.pop("segGroups"), "there is no 'segGroups'"),
        (lambda c: c.update(segGroups={}), "must be a list of groups"),
        (lambda c: c.update(segGroups=[[]]), "group 0 has no 'label'"),
        (lambda c: c["segGroups"][2].pop("label"), "group 2 has no 'label'"),
        (lambda c: c["segGroups"][2].update(label=7), "group 2 has no 'label'"),
        (lambda c: c["segGroups"][1].pop("segments"), "the segments of group 1 must be a list of whole numbers"),
        (lambda c: c["segGroups"][1].update(segments=[1.5]), "the segments of group 1 must be"),
        (lambda c: c["segGroups"][1].update(segments=[-7]), r"group 1 \('.*'\) holds segment -7, which is not in"),
        (lambda c: c["segGroups"][1].update(segments=[10**9]), "holds segment 1000000000, which is not in"),
        (lambda c: c["segGroups"][1].update(label="unheard of"), "the raw category 'unheard of' is not in the table"),
    ],
)
def test_bad_groups_are_named(tmp_path: Path, change: Callable[[dict[str, Any]], None], sentence: str) -> None:
    path = write_by_segment(tmp_path, NAME, make_scene(3))[1]
    edit(path, change)
    with pytest.raises(InputError, match=sentence) as error:
        ScanNet(tmp_path).read(NAME)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2]", b"\xff\xfe\x00", b"[" * 100_000, b"3", b'{"segIndices": 1'])
@pytest.mark.parametrize("which", [0, 1])
def test_files_that_are_no_json_object_are_named(tmp_path: Path, content: bytes, which: int) -> None:
    path = write_by_segment(tmp_path, NAME, make_scene(3))[which]
    path.write_bytes(content)
    with pytest.raises(InputError, match="JSON") as error:
        ScanNet(tmp_path).read(NAME)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content, sentence",
    [
        (b"", "no column 'raw_category'"),
        (b"id\traw_category\n1\tchair\n", "no column 'nyu40id'"),
        (b"raw_category\tnyu40id\nchair\t41\n", "line 2 gives '41' as nyu40id, it must be 0..40"),
        (b"raw_category\tnyu40id\nchair\t5\ntable\t-1\n", "line 3 gives '-1'"),
        (b"raw_category\tnyu40id\nchair\n", "line 2 gives None"),
        (b"raw_category\tnyu40id\nchair\tfive\n", "line 2 gives 'five'"),
        (b"raw_category\tnyu40id\n\xff\xfe\t5\n", "no table of tab-separated text"),
        (b"raw_category\tnyu40id\n" + b"a" * 200_000 + b"\t5\n", "no table of tab-separated text"),
    ],
)
def test_bad_tables_are_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = write_by_segment(tmp_path, NAME, make_scene(3))[2]
    path.write_bytes(content)
    with pytest.raises(InputError, match=sentence) as error:
        ScanNet(tmp_path).read(NAME)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_category_of_two_ids_is_refused_where_it_is_needed(tmp_path: Path) -> None:
    table = write_by_segment(tmp_path, NAME, make_scene(3))[2]
    rows = table.read_text()
    table.write_text(rows + "99\tnever used\tx\t1\t3\n100\tnever used\tx\t1\t4\n101\tthing 6\tx\t1\t6\n")
    assert ScanNet(tmp_path).read(NAME).labels.max() == 19
    table.write_text(rows + "99\tthing 6\tx\t1\t7\n")
    with pytest.raises(InputError, match="'thing 6' different NYU40 ids"):
        ScanNet(tmp_path).read(NAME)


def test_the_check_names_the_files_of_labels_by_segment(tmp_path: Path) -> None:
    root = tmp_path
    (root / "splits").mkdir()
    (root / "splits" / "scannetv2_train.txt").write_text("a\nb\nc\n")
    files = {name: write_by_segment(root, name, make_scene(seed)) for seed, name in enumerate("abc")}
    assert check(root, ["train"]) == []
    files["a"][0].unlink()
    files["b"][1].write_text("{")
    problems = check(root, ["train"])
    assert [problem.split(": ")[0] for problem in problems] == [str(files["a"][0]), str(files["b"][1])]
    files["a"][2].unlink()  # one table for all scenes: it is told once
    assert [problem.split(": ")[0] for problem in check(root, ["train"])] == [str(files["a"][0]), str(files["a"][2])]
    write_label_table(root)
    files["a"][1].unlink()
    assert "_vh_clean_2.labels.ply: no such file, nor are there labels by segment" in check(root, ["train"])[0]
