"""Clouds from files as scenes to look at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import laspy
import numpy as np
import pytest
from plyfile import PlyData, PlyElement

from bscnet.clouds.reading import Reading
from bscnet.errors import InputError
from bscnet.evaluation.cloud_file import read_page_scene
from bscnet.viz.page import write_page


def points(count: int = 5) -> np.ndarray:
    return np.random.default_rng(0).random((count, 3)) * (4, 3, 2) + (500_000, -7, 0.5)


def test_a_labelled_cloud_shows_classes_and_confidence_by_name(tmp_path: Path) -> None:
    xyz, path = points(), tmp_path / "room.ply"
    colors, columns = [(name, "u1") for name in ("red", "green", "blue")], [("label", "u1"), ("confidence", "f4")]
    vertex = np.zeros(5, [*((axis, "f8") for axis in "xyz"), *colors, *columns])
    for index, axis in enumerate("xyz"):
        vertex[axis] = xyz[:, index]
    vertex["red"], vertex["label"], vertex["confidence"] = 255, [7, 2, 2, 7, 2], np.linspace(0, 1, 5)
    comments = ["by a network", "class 7 wall", "class 2 floor tile"]
    PlyData([PlyElement.describe(vertex, "vertex")], comments=comments).write(str(path))
    scene = read_page_scene(path)
    assert (scene.name, list(scene.class_names), scene.truth) == ("room", ["wall", "floor tile"], None)
    assert scene.prediction is not None and scene.prediction.tolist() == [0, 1, 1, 0, 1]
    np.testing.assert_allclose(scene.confidence, np.linspace(0, 1, 5), atol=1e-6)
    np.testing.assert_allclose(scene.points, xyz - np.floor(xyz.min(0)), atol=1e-4)
    assert scene.colors[0].tolist() == [255, 0, 0]


def test_beside_a_prediction_the_labels_that_it_took_the_place_of_are_the_truth(tmp_path: Path) -> None:
    labels = {"label": np.array([4, 9, 9]), "label_input": np.array([4, 4, 9])}
    np.savez(tmp_path / "a.npz", points=points(3), confidence=np.full(3, 0.5), **labels)
    scene = read_page_scene(tmp_path / "a.npz")
    assert scene.truth is not None and scene.truth.tolist() == [0, 0, 1]
    assert scene.prediction is not None and scene.prediction.tolist() == [0, 1, 1]
    assert list(scene.class_names) == ["label 4", "label 9"]


def test_other_columns_are_values_but_for_those_that_are_the_same_everywhere(tmp_path: Path) -> None:
    columns = {"intensity": np.array([5, 900, 7], np.uint16), "time": np.array([1.5, np.nan, 2.5]), "height": [1, 2, 3]}
    same = {"flag": np.ones(3, np.uint8), "void": np.full(3, np.nan), "label": [0, 1, 0]}
    more = {f"extra_{number}": np.arange(3) + number for number in range(9)}
    np.savez(tmp_path / "a.npz", points=points(3), colors=np.zeros((3, 3), np.uint8), **columns, **same, **more)
    found = read_page_scene(tmp_path / "a.npz").values
    assert list(found) == ["intensity", "time", "height column", *(f"extra_{number}" for number in range(5))]
    assert found["intensity"].tolist() == [5, 900, 7] and np.isnan(found["time"]).tolist() == [False, True, False]
    page = write_page(tmp_path / "a.html", read_page_scene(tmp_path / "a.npz"))
    assert "height column" in page.read_text(encoding="utf-8")


def test_a_cloud_in_feet_is_shown_in_metres(tmp_path: Path) -> None:
    las = laspy.LasData(laspy.LasHeader(version="1.4", point_format=6))
    las.header.scales = np.full(3, 0.001)
    las.xyz = np.array([[0.0, 0, 0], [10, 0, 0]])
    las.header.vlrs.append(laspy.vlrs.known.WktCoordinateSystemVlr('PROJCS["a",GEOGCS["b"],UNIT["foot",0.3048]]'))
    las.write(str(tmp_path / "a.las"))
    assert read_page_scene(tmp_path / "a.las").points[1, 0] == pytest.approx(3.048)


def test_labels_without_confidence_are_the_truth_and_named_by_number(tmp_path: Path) -> None:
    vertex = np.zeros(4, [("x", "f4"), ("y", "f4"), ("z", "f4"), ("label", "i4")])
    vertex["x"], vertex["label"] = [0, 1, 2, 3], [7, -1, 2, 7]
    PlyData([PlyElement.describe(vertex, "vertex")]).write(str(tmp_path / "a.ply"))
    scene = read_page_scene(tmp_path / "a.ply")
    assert scene.truth is not None and scene.truth.tolist() == [1, -100, 0, 1]
    assert list(scene.class_names) == ["label 2", "label 7"] and scene.prediction is None
    assert scene.colors.tolist() == [[128] * 3] * 4


def test_points_that_cannot_be_drawn_are_counted(tmp_path: Path) -> None:
    xyz = points()
    xyz[2] = np.nan
    np.savez(tmp_path / "a.npz", points=xyz)
    scene = read_page_scene(tmp_path / "a.npz")
    assert len(scene.points) == 4 and scene.facts["left out"] == "1 point without finite coordinates"
    np.savez(tmp_path / "b.npz", points=np.full((3, 3), np.inf))
    with pytest.raises(InputError, match=r"b\.npz: 3 of 3 points have coordinates that are not finite"):
        read_page_scene(tmp_path / "b.npz")


def test_what_a_point_that_cannot_be_drawn_lacks_refuses_no_cloud(tmp_path: Path) -> None:
    xyz, colors, label = points(), np.full((5, 3), 0.25), np.array([0.0, 1, 0, 1, 1])
    for values in (xyz, colors, label):
        values[2] = np.nan
    np.savez(tmp_path / "a.npz", points=xyz, colors=colors, label=label)
    scene = read_page_scene(tmp_path / "a.npz")
    assert scene.truth is not None and scene.truth.tolist() == [0, 1, 1, 1]
    assert scene.colors.tolist() == [[64] * 3] * 4 and scene.facts["points"] == "5"


def test_labels_beyond_the_named_classes_are_ignored(tmp_path: Path) -> None:
    vertex = np.zeros(4, [("x", "f4"), ("label", "i4"), ("y", "f4"), ("z", "f4")])
    vertex["x"], vertex["label"] = [0, 1, 2, 3], [0, 7, 2, 1]
    comments = ["class 0 wall", "class 1 floor"]
    PlyData([PlyElement.describe(vertex, "vertex")], comments=comments).write(str(tmp_path / "a.ply"))
    scene = read_page_scene(tmp_path / "a.ply")
    assert scene.truth is not None and scene.truth.tolist() == [0, -100, -100, 1]
    assert list(scene.class_names) == ["wall", "floor"]


@pytest.mark.parametrize(
    "label, sentence",
    [
        (np.array([0.5, 1]), "whole numbers"),
        (np.array([np.nan, 1]), "whole numbers"),
        (np.array([1e300, 1]), r"must lie within 2,147,483,647 of 0"),
    ],
)
def test_labels_that_are_none_are_refused(tmp_path: Path, label: np.ndarray, sentence: str) -> None:
    np.savez(tmp_path / "a.npz", points=points(2), label=label)
    with pytest.raises(InputError, match=sentence):
        read_page_scene(tmp_path / "a.npz")


@pytest.mark.parametrize("extent", [1e9, 1e38, 1e300])
def test_points_too_far_apart_to_be_drawn_are_refused(tmp_path: Path, extent: float) -> None:
    np.savez(tmp_path / "a.npz", points=np.array([[0, 0, 0], [0, extent, 0]]))
    with pytest.raises(InputError, match=r"a\.npz: the points lie 1e\+09 metres apart or more"):
        read_page_scene(tmp_path / "a.npz")


def test_a_cloud_is_shown_without_torch() -> None:
    needed = "bscnet.evaluation.cloud_file, bscnet.evaluation.scene_pages, bscnet.cli.show"
    heavy = "{'torch', 'pytorch_lightning', 'hydra', 'open3d'}"
    code = f"import sys, {needed}; sys.exit(str({heavy} & sys.modules.keys()) if {heavy} & sys.modules.keys() else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_too_many_labels_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", points=points(300), label=np.arange(300))
    with pytest.raises(InputError, match="300 different labels, at most 255"):
        read_page_scene(tmp_path / "a.npz")


@pytest.mark.parametrize("name", ["labels", "label_input", "classification", "scalar_Label_input"])
def test_any_other_labels_beside_a_prediction_are_the_truth(tmp_path: Path, name: str) -> None:
    truth = np.array([4.0, np.nan, 9.0])
    np.savez(
        tmp_path / "a.npz", points=points(3), confidence=np.full(3, 0.5), label=np.array([4, 9, 9]), **{name: truth}
    )
    scene = read_page_scene(tmp_path / "a.npz")
    assert scene.truth is not None and scene.truth.tolist() == [0, -100, 1]
    assert scene.prediction is not None and scene.prediction.tolist() == [0, 1, 1]


def test_labels_of_other_classes_are_no_truth(tmp_path: Path) -> None:
    vertex = np.zeros(3, [*((a, "f4") for a in "xyz"), ("label", "u1"), ("confidence", "f4"), ("classification", "u1")])
    vertex["label"] = [2, 5, 5]
    comments = ["class 2 ground", "class 5 trees"]
    PlyData([PlyElement.describe(vertex, "vertex")], comments=comments).write(str(tmp_path / "a.ply"))
    scene = read_page_scene(tmp_path / "a.ply")
    assert scene.truth is None and scene.prediction is not None and scene.prediction.tolist() == [0, 1, 1]


def test_units_and_columns_that_are_said_count(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("9 0 0 100\n9 200 0 100\n")
    scene = read_page_scene(tmp_path / "a.txt", Reading("cm", columns=("_", "x", "y", "z")))
    np.testing.assert_allclose(scene.points, [[0, 0, 0], [2, 0, 0]], atol=1e-6)


def test_classes_of_a_las_file_are_called_as_its_table_names_them(tmp_path: Path) -> None:
    header = laspy.LasHeader(version="1.4", point_format=6)
    table = laspy.vlrs.known.ClassificationLookupVlr()
    table[2] = "ground"
    table[40] = "pier"
    header.vlrs.append(table)
    las = laspy.LasData(header)
    las.xyz = points(3)
    las.classification = np.array([40, 2, 7], np.uint8)
    las.write(str(tmp_path / "a.las"))
    assert read_page_scene(tmp_path / "a.las").class_names == ["ground", "label 7", "pier"]


def test_a_table_of_all_names_leaves_a_prediction_the_classes_that_occur(tmp_path: Path) -> None:
    header = laspy.LasHeader(version="1.4", point_format=6)
    table = laspy.vlrs.known.ClassificationLookupVlr()
    for label in range(256):
        table[label] = f"kind {label}"
    header.vlrs.append(table)
    header.add_extra_dim(laspy.ExtraBytesParams("confidence", "f4"))
    las = laspy.LasData(header)
    las.xyz = points(3)
    las.classification = np.array([40, 2, 40], np.uint8)
    las.write(str(tmp_path / "a.las"))
    scene = read_page_scene(tmp_path / "a.las")
    assert (scene.class_names, scene.truth) == (["kind 2", "kind 40"], None)
