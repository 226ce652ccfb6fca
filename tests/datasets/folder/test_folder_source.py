"""From files to scans: splits, units, colours, labels and measured values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bscnet.datasets.folder.report import examine
from bscnet.datasets.folder.scenes import find_scenes
from bscnet.datasets.folder.source import FolderSource
from bscnet.errors import InputError
from fixtures.folder_files import (
    NAMES,
    WRITERS,
    describe,
    make_points,
    write_folder,
    write_las,
    write_npz,
    write_pcd,
    write_ply,
)


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_is_the_same_scan(tmp_path: Path, name: str) -> None:
    points = make_points()
    WRITERS[name](tmp_path / "train" / name, points)
    describe(tmp_path, classes=list(NAMES), features=["rgb", "intensity"], scale={"intensity": 65535})
    source = FolderSource(tmp_path)
    (scene,) = source.scenes("train")
    scan = source.read(scene)
    assert scene == scan.name == f"train-{Path(name).stem}"
    assert scan.points.dtype == np.float32 and scan.colors.dtype == np.uint8 and scan.labels.dtype == np.int16
    np.testing.assert_array_equal(scan.points, points.xyz)
    np.testing.assert_array_equal(scan.colors, points.rgb)
    np.testing.assert_array_equal(scan.labels, points.label)
    np.testing.assert_allclose(scan.extra["intensity"], points.intensity / 32767.5 - 1, atol=1e-6)


@pytest.mark.parametrize(
    "units, factor", [("m", 1.0), ("cm", 0.01), ("mm", 0.001), ("ft", 0.3048), ("us-ft", 1200 / 3937)]
)
def test_units(tmp_path: Path, units: str, factor: float) -> None:
    points = make_points()
    write_folder(tmp_path, {"train/a": points.times(1 / factor)}, units=units)
    np.testing.assert_allclose(FolderSource(tmp_path).read("train-a").points, points.xyz, atol=1e-6)


def test_far_from_the_origin_no_millimetre_is_lost(tmp_path: Path) -> None:
    points = make_points()
    write_las(tmp_path / "train" / "a.las", points, origin=6_259_900.0)
    describe(tmp_path, classes=list(NAMES))
    found = FolderSource(tmp_path).read("train-a").points
    np.testing.assert_allclose(found - found[0], points.xyz - points.xyz[0], atol=1e-6)
    assert found.min() >= 0 and found.max() < 5
    assert np.abs((points.xyz + 6_259_900.0).astype(np.float32) - 6_259_900.0 - points.xyz).max() > 0.1


def test_labels_are_mapped(tmp_path: Path) -> None:
    points = make_points()
    text = "classes: {3: top, 0: ground, 1: ground}\nignore: [2]"
    write_ply(tmp_path / "train" / "a.ply", points, label="scalar_Classification")
    describe(tmp_path, text)
    expected = np.array([1, 1, -100, 0], np.int16)[points.label]
    np.testing.assert_array_equal(FolderSource(tmp_path).read("train-a").labels, expected)
    assert set(FolderSource(tmp_path).read("train-a", labelled=False).labels.tolist()) == {-100}
    describe(tmp_path, "classes: {3: top, 0: ground, 1: ground}")
    first = int(np.flatnonzero(points.label == 2)[0])
    with pytest.raises(
        InputError, match=rf"a\.ply: label 2 \(.*15 points, the first is {first}\) is not among .* 0, 1, 3"
    ):
        FolderSource(tmp_path).read("train-a")
    describe(tmp_path, f"label: annotation\n{text}")
    with pytest.raises(InputError, match="no label column 'annotation', the columns are x, y, z"):
        FolderSource(tmp_path).read("train-a")
    describe(tmp_path)
    with pytest.raises(InputError, match="dataset.yaml: labels cannot be read before 'classes' names the classes"):
        FolderSource(tmp_path).read("train-a")


@pytest.mark.parametrize("value, shown", [(0.5, "0.5"), (np.nan, "nan"), (np.inf, "inf"), (1e300, "1e\\+300")])
def test_labels_must_be_whole_numbers(tmp_path: Path, value: float, shown: str) -> None:
    points = make_points()
    labels = points.label.astype(np.float64)
    np.savez(tmp_path / "a.npz", points=points.xyz, labels=labels)
    describe(tmp_path, classes=list(NAMES), splits={"train": ["a.npz"]})
    np.testing.assert_array_equal(FolderSource(tmp_path).read("a").labels, points.label)
    labels[7] = value
    np.savez(tmp_path / "a.npz", points=points.xyz, labels=labels)
    with pytest.raises(InputError, match=f"the label {shown} of point 7 .* is no whole number"):
        FolderSource(tmp_path).read("a")


def test_coordinates_that_are_not_finite(tmp_path: Path) -> None:
    points = make_points()
    holes = points.xyz.copy()
    holes[3, 1], holes[8] = np.nan, np.inf
    write_folder(tmp_path, {"train/a": replace(points, xyz=holes)}, features=["intensity"])
    with pytest.raises(
        InputError, match=r"a\.ply: 2 of 60 points have coordinates that are not finite, the first is point 3"
    ):
        FolderSource(tmp_path).read("train-a")
    describe(tmp_path, classes=list(NAMES), features=["intensity"], invalid_points="drop")
    scan = FolderSource(tmp_path).read("train-a")
    kept = np.isfinite(holes).all(axis=1)
    np.testing.assert_array_equal(scan.points, points.xyz[kept])
    np.testing.assert_array_equal(scan.labels, points.label[kept])
    np.testing.assert_array_equal(scan.colors, points.rgb[kept])
    np.testing.assert_array_equal(scan.extra["intensity"], points.intensity[kept])
    write_folder(tmp_path, {"train/a": replace(points, xyz=holes * np.nan)}, invalid_points="drop")
    with pytest.raises(InputError, match="60 of 60 points have coordinates that are not finite"):
        FolderSource(tmp_path).read("train-a")
    write_folder(tmp_path, {"train/a": replace(points, xyz=points.xyz * 1e60)})
    with pytest.raises(InputError, match="beyond single precision"):
        FolderSource(tmp_path).read("train-a")


@pytest.mark.parametrize("kind, packed", [("ascii", "F"), ("binary", "F"), ("binary_compressed", "F"), ("ascii", "U")])
def test_an_organised_cloud_with_holes(tmp_path: Path, kind: str, packed: str) -> None:
    """A depth camera's picture of 10 x 10 pixels, 15 of which saw nothing and are NaN in every field."""
    points = make_points(count=100)
    holes = np.random.default_rng(0).permutation(100)[:15]
    empty = np.where(np.isin(np.arange(100), holes), np.nan, 1.0)
    path = write_pcd(
        tmp_path / "train" / "a.pcd", replace(points, xyz=points.xyz * empty[:, None]), kind, packed,
        intensity=points.intensity * empty, label=points.label * empty,
    )  # fmt: skip
    content = path.read_bytes().replace(b"WIDTH 100\nHEIGHT 1\n", b"WIDTH 10\nHEIGHT 10\n")
    if kind == "ascii":
        head, _, body = content.partition(b"DATA ascii\n")
        rows = [line.split() for line in body.splitlines()]
        for hole in holes if packed == "F" else []:
            rows[hole][3] = b"nan"
        content = head + b"DATA ascii\n" + b"".join(b" ".join(row) + b"\n" for row in rows)
    path.write_bytes(content)
    described = {"classes": list(NAMES), "features": ["rgb", "intensity"], "scale": {"intensity": 65535}}
    describe(tmp_path, **described)
    with pytest.raises(InputError, match="15 of 100 points have coordinates that are not finite"):
        FolderSource(tmp_path).read("train-a")
    describe(tmp_path, **described, invalid_points="drop")
    scan, kept = FolderSource(tmp_path).read("train-a"), np.isfinite(empty)
    np.testing.assert_array_equal(scan.points, points.xyz[kept])
    np.testing.assert_array_equal(scan.colors, points.rgb[kept])
    np.testing.assert_array_equal(scan.labels, points.label[kept])
    np.testing.assert_allclose(scan.extra["intensity"], points.intensity[kept] / 32767.5 - 1, atol=1e-6)
    report = examine(tmp_path, 0.2)
    assert report.errors == [] and report.scenes[0].dropped == 15 and report.scenes[0].color_range == "255"


@pytest.mark.parametrize("column, value", [("labels", np.nan), ("labels", -1.0), ("colors", np.nan), ("echo", np.inf)])
def test_points_that_are_left_out_may_hold_anything(tmp_path: Path, column: str, value: float) -> None:
    points = make_points(count=20)
    arrays = {
        "points": points.xyz.copy(), "labels": points.label.astype(float), "colors": points.rgb / 255,
        "echo": np.linspace(0, 1, 20),
    }  # fmt: skip
    arrays["points"][4:6], arrays[column][5] = np.nan, value
    np.savez(tmp_path / "a.npz", **arrays)
    keys = {"classes": list(NAMES), "features": ["rgb", "echo"], "splits": {"train": ["a.npz"]}}
    describe(tmp_path, **keys, invalid_points="drop")
    scan, kept = FolderSource(tmp_path).read("a"), np.delete(np.arange(20), [4, 5])
    np.testing.assert_array_equal(scan.labels, points.label[kept])
    np.testing.assert_array_equal(scan.colors, points.rgb[kept])
    np.testing.assert_allclose(scan.extra["echo"], arrays["echo"][kept])
    arrays[column][9] = value  # of a point that is there: told by its number in the file
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(InputError, match="colours reach" if column == "colors" else r"(point|first is) 9\b"):
        FolderSource(tmp_path).read("a")


def test_what_features_need(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", points=np.zeros((2, 3)), echo=np.array([0.5, np.inf]))
    splits = {"test": ["a.npz"]}
    for features, sentence in (
        (["rgb"], "no colours, but the features \\['rgb'\\] need them"),
        (["heat"], "no column for the feature 'heat', the columns are x, y, z, echo"),
        (["echo"], "the value 'echo' of point 1 is not finite"),
    ):
        describe(tmp_path, features=features, splits=splits)
        with pytest.raises(InputError, match=rf"a\.npz: .*{sentence}"):
            FolderSource(tmp_path).read("a", labelled=False)
    scan = FolderSource(tmp_path, ["one"]).read("a", labelled=False)
    assert set(scan.colors.ravel().tolist()) == {128} and not scan.extra


def test_splits_by_folders(tmp_path: Path) -> None:
    for name in ("train/b", "train/site/a", "val/b", "test/.hidden"):
        write_ply(tmp_path / f"{name}.ply", make_points())
    (tmp_path / "train" / "notes.md").write_text("x")
    write_ply(tmp_path / "elsewhere.ply", make_points())
    found = find_scenes(tmp_path)
    assert {split: list(scenes) for split, scenes in found.items()} == {
        "train": ["train-b", "train-site-a"],
        "val": ["val-b"],
        "test": [],
    }
    (tmp_path / "val" / "linked").symlink_to(tmp_path / "train" / "site")
    (tmp_path / "val" / "loop").symlink_to(tmp_path / "val")
    assert list(find_scenes(tmp_path)["val"]) == ["val-b", "val-linked-a"]
    write_npz(tmp_path / "train" / "b.npz", make_points())
    with pytest.raises(InputError, match=r"the scene train-b is there as .*b\.npz and as .*b\.ply"):
        find_scenes(tmp_path)


def test_splits_by_lists(tmp_path: Path) -> None:
    for name in ("one", "site/two", "site/three"):
        write_ply(tmp_path / f"{name}.ply", make_points())
    found = find_scenes(tmp_path, {"train": ("site",), "val": ("one.ply",)})
    assert list(found["train"]) == ["site-three", "site-two"] and list(found["val"]) == ["one"]
    (tmp_path / "empty").mkdir()
    for entry, sentence in (
        ("absent.ply", "no such file or folder, but .*dataset.yaml lists it"),
        ("../one.ply", "must be a path below the folder"),
        ("/etc", "must be a path below the folder"),
        ("empty", "no clouds in this folder"),
        ("a\0b", "no such file or folder"),
        ("x" * 3000, "no such file or folder"),
    ):
        with pytest.raises(InputError, match=sentence):
            find_scenes(tmp_path, {"train": (entry,)})
    with pytest.raises(InputError, match="the scene one is there twice"):
        find_scenes(tmp_path, {"train": ("one.ply",), "val": ("one.ply",)})


def test_missing_splits_scenes_and_files(tmp_path: Path) -> None:
    source = FolderSource(write_folder(tmp_path, {"train/a": make_points()}))
    with pytest.raises(
        InputError, match="the split val has no clouds, they must lie in .*/val/ or be listed in dataset.yaml"
    ):
        source.scenes("val")
    with pytest.raises(InputError, match="unknown split 'dev'"):
        source.scenes("dev")
    with pytest.raises(InputError, match="no scene 'b', there are train-a"):
        source.read("b")
    source.files("train-a")[0].unlink()
    with pytest.raises(InputError, match="1 of 1 files are gone"):
        source.require(["train-a"])


def test_the_fingerprint_follows_file_and_description(tmp_path: Path) -> None:
    root = write_folder(tmp_path, {"train/a": make_points(), "train/b": make_points(1)})
    before = FolderSource(root).fingerprint("train-a")
    assert before == FolderSource(root).fingerprint("train-a") != FolderSource(root).fingerprint("train-b")
    assert before != FolderSource(root).fingerprint("train-a", labelled=False)
    assert before != FolderSource(root, ["one"]).fingerprint("train-a")
    describe(root, classes=list(NAMES), units="cm")
    assert before != FolderSource(root).fingerprint("train-a")
    write_folder(root, {"train/a": make_points(5)})
    assert before != FolderSource(root).fingerprint("train-a")


@pytest.mark.parametrize(
    "change", [{"colors": 65535}, {"scale": {"intensity": 4096}}, {"invalid_points": "drop"}, {"units": "ft"},
               {"features": ["intensity", "rgb"]}, {"label": "intensity"}, {"classes": ["ground"]}]
)  # fmt: skip
def test_the_fingerprint_follows_all_that_is_described(tmp_path: Path, change: dict[str, object]) -> None:
    keys = {"features": ["rgb", "intensity"], "classes": list(NAMES), "scale": {"intensity": 65535}}
    root = write_folder(tmp_path, {"train/a": make_points()}, **keys)
    before = FolderSource(root).fingerprint("train-a")
    describe(root, **{**keys, **change})
    assert FolderSource(root).fingerprint("train-a") != before
    describe(root, **keys)
    assert FolderSource(root).fingerprint("train-a") == before


@pytest.mark.parametrize("name", WRITERS)
def test_scenes_without_labels_are_told_from_the_files_beginning(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = make_points()
    WRITERS[name](tmp_path / "test" / name, points)
    describe(tmp_path, classes=list(NAMES), features=["one"])
    source = FolderSource(tmp_path)
    (scene,) = source.scenes("test")
    with monkeypatch.context() as patched:
        patched.setattr("bscnet.clouds.file.CloudFile.read", None)
        source.require([scene])
    describe(tmp_path, classes=list(NAMES), features=["one"], label="truth")
    other = FolderSource(tmp_path)
    with pytest.raises(InputError, match=rf"{name}: the points have no label column 'truth'"):
        other.require([scene])
    other.require([scene], labelled=False)
    path = source.files(scene)[0]
    path.write_bytes(path.read_bytes()[:9])
    with pytest.raises(InputError, match=name):
        source.require([scene])


def test_a_las_file_that_nobody_classified_has_no_labels(tmp_path: Path) -> None:
    points = make_points()
    for name in ("test/a.las", "test/b.laz"):
        write_las(tmp_path / name, replace(points, label=points.label * 0))
    write_las(tmp_path / "val" / "c.las", points)
    describe(tmp_path, classes={1: "ground", 2: "plants", 3: "roof"}, ignore=[0], features=["one"])
    FolderSource(tmp_path).require(["test-a", "test-b", "val-c"])
    describe(tmp_path, classes={1: "ground", 2: "plants", 3: "roof"}, features=["one"])
    source = FolderSource(tmp_path)
    source.require(["val-c"])
    for scene in ("test-a", "test-b"):
        with pytest.raises(InputError, match=r"the points have no labels, 'classification' is 0 in all"):
            source.require([scene])


def test_a_wide_column_of_labels_is_found(tmp_path: Path) -> None:
    points = make_points()
    for wide, name in (
        (points.label[:, None], "semantic"),
        (np.stack([points.label * 0, points.label], 1), "semantic_1"),
    ):
        np.savez(tmp_path / "a.npz", points=points.xyz, semantic=wide)
        describe(tmp_path, classes=list(NAMES), splits={"test": ["a.npz"]}, label=name)
        source = FolderSource(tmp_path)
        source.require(["a"])
        np.testing.assert_array_equal(source.read("a").labels, points.label)


def test_labels_that_are_no_numbers_may_be_ignored(tmp_path: Path) -> None:
    points = make_points()
    labels = points.label.astype(np.float64)
    labels[[3, 9]] = np.nan, -np.inf
    np.savez(tmp_path / "a.npz", points=points.xyz, labels=labels)
    keys = {"classes": list(NAMES), "splits": {"train": ["a.npz"]}}
    describe(tmp_path, **keys)
    with pytest.raises(InputError, match=r"label nan of point 3 .* no whole number \('invalid_labels: ignore' in data"):
        FolderSource(tmp_path).read("a")
    describe(tmp_path, **keys, invalid_labels="ignore")
    found = FolderSource(tmp_path).read("a").labels
    assert found[[3, 9]].tolist() == [-100, -100]
    np.testing.assert_array_equal(np.delete(found, [3, 9]), np.delete(points.label, [3, 9]))
    labels[5] = 0.5
    np.savez(tmp_path / "a.npz", points=points.xyz, labels=labels)
    with pytest.raises(InputError, match=r"the label 0\.5 of point 5 \(column 'labels'\) is no whole number$"):
        FolderSource(tmp_path).read("a")


def test_a_file_that_states_its_unit_is_read_in_it(tmp_path: Path) -> None:
    import laspy

    points = make_points()
    las = laspy.read(write_las(tmp_path / "plain.las", points))
    las.header.vlrs.append(laspy.vlrs.known.WktCoordinateSystemVlr('PROJCS["a",GEOGCS["b"],UNIT["foot",0.3048]]'))
    (tmp_path / "train").mkdir()
    las.write(str(tmp_path / "train" / "a.las"))
    for units in ({}, {"units": "cm"}):
        describe(tmp_path, classes=list(NAMES), **units)
        np.testing.assert_allclose(FolderSource(tmp_path).read("train-a").points, points.xyz * 0.3048, atol=1e-6)
