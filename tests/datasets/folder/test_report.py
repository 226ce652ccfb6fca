"""Every damage that an examination must find, made on purpose; and none found where nothing is wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from bscnet.clouds.likely_units import better_unit, mixed_units
from bscnet.datasets.folder.duplicates import Marks, copies, occupied, point_sum, ranked, similarity
from bscnet.datasets.folder.report import check, examine
from bscnet.datasets.folder.table import report_table
from bscnet.errors import InputError
from fixtures.folder_files import NAMES, describe, make_points, make_room, write_folder, write_las, write_ply

CLASSES = list(NAMES[:3])
VOXEL = 0.2


def told(root: Path, sentence: str, error: bool = False, voxel_size: float = VOXEL) -> None:
    report = examine(root, voxel_size)
    texts = report.errors if error else report.warnings
    assert sum(sentence in text for text in texts) == 1, report.findings
    assert all("\n" not in finding.text for finding in report.findings)


def test_a_sound_folder_is_measured_and_nothing_is_found(tmp_path: Path) -> None:
    rooms = {"train/a": make_room(0), "train/b": make_room(1), "val/c": make_room(2)}
    root = write_folder(tmp_path, rooms, classes=CLASSES)
    report = examine(root, VOXEL)
    assert report.findings == () and check(root, VOXEL) == []
    for scene, points in zip(report.scenes, rooms.values(), strict=True):
        low = points.xyz.min(axis=0)
        assert scene.points == len(points) and scene.ignored == 0 and scene.dropped == 0
        np.testing.assert_allclose(scene.extent, points.xyz.max(axis=0) - low, atol=1e-6)
        assert scene.voxels == len(np.unique(np.floor((points.xyz - low) / VOXEL), axis=0))
        assert scene.counts == tuple(np.bincount(points.label, minlength=3).tolist())
        distances = np.linalg.norm(points.xyz[None, ::10] - points.xyz[:, None], axis=2)
        assert scene.spacing == pytest.approx(np.median(np.sort(distances, axis=0)[1]), rel=0.1)
    assert (
        report.counts("train")
        == np.bincount(np.concatenate([rooms["train/a"].label, rooms["train/b"].label]), minlength=3).tolist()
    )


@pytest.mark.parametrize("unit, metres", [("mm", 0.001), ("cm", 0.01), ("ft", 0.3048)])
def test_a_folder_in_another_unit(tmp_path: Path, unit: str, metres: float) -> None:
    rooms = {name: make_room(seed, metres=1 / metres) for seed, name in enumerate(("train/a", "train/b", "val/c"))}
    root = write_folder(tmp_path, rooms, classes=CLASSES)
    told(root, f"units? 3 of 3 scenes would be rooms if they were in {unit}; in m", voxel_size=1.0)
    describe(root, classes=CLASSES, units=unit)
    assert examine(root, VOXEL).findings == ()
    rooms = {name: make_room(seed) for seed, name in enumerate(("train/a", "train/b", "val/c"))}
    if unit != "ft":  # a room of 80 cm is a dolls' house, but may be one
        told(
            write_folder(tmp_path, rooms, classes=CLASSES, units=unit),
            "would be rooms if they were in m; in",
            False,
            0.001,
        )


@pytest.mark.parametrize("factor, shown", [(1 / 0.3048, "3.281 times"), (1000.0, "1000 times"), (100.0, "100 times")])
def test_one_scene_in_another_unit(tmp_path: Path, factor: float, shown: str) -> None:
    rooms = {"train/a": make_room(0), "train/b": make_room(1, metres=factor), "val/c": make_room(2)}
    root = write_folder(tmp_path, rooms, classes=CLASSES)
    told(
        root, f"mixed units? Heights and point distances of train-b (1 in all) are {shown} the others'", voxel_size=1.0
    )


def test_terrain_and_tables_are_believed() -> None:
    for extent, spacing in (
        ((18.3, 12.2, 15.6), 0.08),  # trees and a building
        ((123.0, 91.0, 20.0), 0.3),  # a bridge
        ((1000.0, 1000.0, 150.0), 1.0),  # an airborne tile
        ((2.1, 1.2, 0.9), 0.002),  # a table
        ((4.0, 3.0, 2.5), 0.01),
    ):
        assert better_unit(extent, spacing, "m") is None
    assert mixed_units({"a": (2.5, 0.01), "b": (4.0, 0.02), "c": (2.7, 0.012)}) == []


def test_the_unit_that_a_file_states(tmp_path: Path) -> None:
    import laspy

    path = write_las(tmp_path / "test" / "a.las", make_points())
    las = laspy.read(path)
    las.header.vlrs.append(laspy.vlrs.known.WktCoordinateSystemVlr('PROJCS["a",UNIT["US survey foot",0.3048006]]'))
    las.write(str(path))
    describe(tmp_path, units="m")
    told(tmp_path, f"{path}: the file says that its unit is us-ft, so it is not read in m as the others")
    for keys in ({"units": "us-ft"}, {}):
        describe(tmp_path, **keys)
        report = examine(tmp_path)
        assert not any("its unit" in text for text in report.warnings) and report.scenes[0].unit == "us-ft"
    write_las(path, make_points())
    told(tmp_path, f"{path}: the file does not state its unit of length, metres are taken")
    describe(tmp_path, units="m")
    assert not any("its unit" in text for text in examine(tmp_path).warnings)


def test_a_file_in_degrees_is_refused(tmp_path: Path) -> None:
    import laspy

    las = laspy.read(write_las(tmp_path / "test" / "a.las", make_points()))
    angles = 'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],UNIT["degree",0.0174532925]]'
    las.header.vlrs.append(laspy.vlrs.known.WktCoordinateSystemVlr(angles))
    las.write(str(tmp_path / "test" / "a.las"))
    assert any("longitude and latitude in degrees" in text for text in examine(tmp_path).errors)


def test_labels_out_of_range_and_damaged_files_are_errors(tmp_path: Path) -> None:
    root = write_folder(tmp_path, classes=["floor", "wall"])
    cut = root / "val" / "c.ply"
    cut.write_bytes(cut.read_bytes()[:-5])
    report = examine(root, VOXEL)
    assert [scene.name for scene in report.scenes] == []
    assert sum("label 2" in text for text in report.errors) == 2
    assert sum(str(cut) in text for text in report.errors) == 1
    assert check(root, VOXEL) == report.errors


def test_classes_that_training_never_sees(tmp_path: Path) -> None:
    rooms = {"train/a": make_room(0), "val/c": make_room(2)}
    rooms["train/a"].label[rooms["train/a"].label == 2] = 1
    root = write_folder(tmp_path, rooms)
    chairs = int((rooms["val/c"].label == 2).sum())
    told(root, f"class 'chair' has no points in train, but {chairs} in val")
    told(root, "class 'lamp' has no points in train or val")
    describe(root, "classes: {3: lamp}\nignore: [0, 1, 2]")
    told(root, "no point of the split train has a class", error=True)
    assert sum("), so the scene counts for nothing" in text for text in examine(root).warnings) == 2


def test_copies_across_splits(tmp_path: Path) -> None:
    room = make_room(0)
    few = replace(room, xyz=room.xyz.copy())
    few.xyz[::100] += 0.05
    for name, copy, sentence, error in (
        ("val/same", room, "are the same file", True),
        ("val/shuffled", room.shuffled(), "hold the same points, in another order or file", True),
        ("val/moved", replace(room, xyz=room.xyz + np.array([2.0, -1.0, 0.5])), "hold the same points", True),
        ("val/recoloured", replace(room, rgb=255 - room.rgb), "hold the same points", True),
        ("val/nearly", few, "fill nearly the same voxels", False),
        ("train/twin", room, "(both in train) are the same file", False),
    ):
        root = write_folder(
            tmp_path / name, {"train/a": room, "train/b": make_room(1), name: copy, "val/z": make_room(3)}
        )
        told(root, sentence, error)
    text = tmp_path / "val/same" / "train" / "a.ply"
    write_ply(text, room, text=True)
    told(tmp_path / "val/same", "hold the same points", True)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("step", [0.001, 0.005])
def test_a_copy_in_a_format_that_rounds(tmp_path: Path, seed: int, step: float) -> None:
    """The usual LAS file stores whole millimetres, another one may store half centimetres."""
    rng = np.random.default_rng(seed)
    room = make_room(seed)
    room.xyz += rng.normal(0, 0.002, room.xyz.shape)
    rounded = replace(room.shuffled(), more={})
    rounded.xyz = np.round((rounded.xyz + rng.uniform(0, 1, 3)) / step) * step
    root = write_folder(tmp_path, {"train/a": room, "val/b": rounded, "val/c": make_room(9)}, classes=CLASSES)
    told(root, "a.ply and", error=True)
    told(root, "(in train and val) hold the same points but for rounding", error=True)


@pytest.mark.parametrize("factor", [1 / 0.3048, 3937 / 1200, 0.01, 1000.0])
def test_a_copy_in_other_units_is_told(tmp_path: Path, factor: float) -> None:
    room = make_room(0)
    other = room.shuffled()
    other.xyz = np.round(other.xyz * factor, 4 if factor < 1 else 3)
    root = write_folder(tmp_path, {"train/a": room, "val/b": other, "val/c": make_room(9)}, classes=CLASSES)
    told(root, "(in train and val) hold the same points in different units")


def test_rooms_of_the_same_size_and_views_of_one_place_are_no_copies() -> None:
    """As many points in the same box; and a camera that stays where it is, with its noise."""
    rng = np.random.default_rng(0)
    box, noise = np.array([4.0, 3.0, 2.6]), 0.003

    def marks(points: np.ndarray) -> Marks:
        return Marks(str(points.sum()), point_sum(points), occupied(points, VOXEL)[:256], len(points), ranked(points))

    rooms = {str(number): marks(rng.random((3000, 3)) * box) for number in range(8)}
    assert [how for _, _, how in copies(rooms) if how != "nearly"] == []
    wall = rng.random((3000, 3)) * (4.0, 3.0, 0.0)
    views = {str(number): marks(wall + rng.normal(0, 4 * noise, wall.shape)) for number in range(8)}
    assert {how for _, _, how in copies(views)} <= {"nearly"}


def test_marks_against_sets() -> None:
    first, second = make_room(0, 4000).xyz, make_room(1, 4000).xyz
    mixed = np.concatenate([first[:2000], second[:2000]])
    cells = [set(map(tuple, np.floor((p - p.min(axis=0)) / 0.3).astype(int).tolist())) for p in (first, mixed)]
    exact = len(cells[0] & cells[1]) / len(cells[0] | cells[1])
    hashes = [occupied(p, 0.3) for p in (first, mixed)]
    assert [len(part) for part in hashes] == [len(part) for part in cells]
    assert similarity(hashes[0][:256], hashes[1][:256]) == pytest.approx(exact, abs=0.1)
    assert point_sum(first) == point_sum(first[::-1] + 7.0) != point_sum(second)
    assert point_sum(first) != point_sum(first[:-1])


def test_colours_strays_scale_and_density(tmp_path: Path) -> None:
    room = make_room(0)
    stray = replace(room, xyz=room.xyz.copy())
    stray.xyz[5] = (900.0, 0.0, 0.0)
    black = replace(room, rgb=room.rgb * 0)
    grey = replace(make_room(4), rgb=room.rgb * 0 + 77)
    root = write_folder(
        tmp_path, {"train/a": stray, "train/b": black, "train/g": grey, "val/c": make_room(2)}, classes=CLASSES
    )
    told(root, f"{root / 'train' / 'a.ply'}: the scan is widened by 1 stray point far away")
    told(root, f"{root / 'train' / 'b.ply'}: the colours are all black")
    told(root, f"{root / 'train' / 'g.ply'}: the colours are all the same")
    told(root, "c.ply: almost every point has a voxel of 0.001 m to itself", voxel_size=0.001)
    told(root, "a.ply: the scan reaches 89", error=True, voxel_size=0.02)
    describe(root, classes=CLASSES, features=["intensity"])
    told(root, "c.ply: the feature 'intensity' reaches 65")


def test_a_training_scan_wider_than_the_cube(tmp_path: Path) -> None:
    """At 1 mm the cube is 4.1 m wide, the rooms are some 4 x 3 x 2.6 m; scored scans are seen whole."""
    root = write_folder(tmp_path, {"train/a": make_room(0), "val/c": make_room(2)}, classes=CLASSES)
    share = examine(root, 0.0005).scenes[0].training_share
    told(root, f"{root / 'train' / 'a.ply'}: the scan is wider than the training cube of 4096", voxel_size=0.0005)
    told(root, f"about {100 * share:.2g} % of the points", voxel_size=0.0005)
    assert 0.05 < share < 0.7 and examine(root, VOXEL).scenes[0].training_share == 1.0
    told(root, "wider than the training cube", voxel_size=0.0005)  # of the training scan alone


def test_colours_of_two_ranges(tmp_path: Path) -> None:
    write_las(tmp_path / "train" / "a.las", make_room(0))
    write_ply(tmp_path / "train" / "b.ply", make_room(1))
    told(tmp_path, "colours are taken for 0..255 in train-b and 0..65535 in train-a")


def test_points_without_coordinates_are_counted(tmp_path: Path) -> None:
    room = make_room(0)
    room.xyz[:7] = np.nan
    root = write_folder(tmp_path, {"train/a": room, "val/c": make_room(1)}, classes=CLASSES, invalid_points="drop")
    told(root, "a.ply: 7 points without finite coordinates left out")


def test_missing_splits_classes_and_foreign_files(tmp_path: Path) -> None:
    write_ply(tmp_path / "test" / "a.ply", make_room(0))
    (tmp_path / "test" / "b.e57").write_bytes(b"x")
    told(tmp_path, "no 'classes' are described")
    told(tmp_path, "the split train has no clouds")
    told(tmp_path, "the split val has no clouds")
    told(tmp_path, "b.e57: not read (1 such file), clouds end in .ply")
    assert examine(tmp_path, VOXEL).scenes[0].ignored == 3000
    (tmp_path / "empty").mkdir()
    told(tmp_path / "empty", "no clouds here", error=True)
    with pytest.raises(InputError, match="no such folder"):
        examine(tmp_path / "absent")
    assert "no such folder" in check(tmp_path / "absent")[0]


def test_a_test_split_may_have_labels_of_its_own(tmp_path: Path) -> None:
    rooms = {"train/a": make_room(0), "val/b": make_room(1), "test/c": make_points(count=3000)}
    report = examine(write_folder(tmp_path, rooms, classes=CLASSES), VOXEL)
    assert report.errors == [] and report.scenes[2].ignored == 3000  # label 3 is not described: as if without labels
    report = examine(write_folder(tmp_path, rooms), VOXEL)
    assert report.scenes[2].counts == (750, 750, 750, 750)


def test_the_table_shows_counts_extents_voxels_and_findings(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "[red]odd")
    console = Console(width=200, record=True)
    console.print(report_table(examine(root, VOXEL)))
    text = console.export_text()
    report = examine(root, VOXEL)
    for scene in report.scenes:
        assert scene.name in text and f"{scene.voxels:,}" in text and f"{scene.extent[0]:.4g} x" in text
    assert f"{report.counts('train')[1]:,} (" in text and "class 'lamp' has no points in train or val" in text
    assert "[red]odd" in text


@pytest.mark.parametrize("colours, told", [({}, "0..65535 (auto)"), ({"colors": 65535}, "0..65535 ")])
def test_the_table_says_which_range_colours_were_taken_for(tmp_path: Path, colours: dict[str, int], told: str) -> None:
    write_las(tmp_path / "train" / "a.laz", make_room(0))
    np.savez(tmp_path / "train" / "b.npz", points=make_room(1).xyz)
    describe(tmp_path, features=["one"], **colours)
    console = Console(width=200, record=True)
    console.print(report_table(examine(tmp_path, VOXEL)))
    bright, plain = (line for line in console.export_text().splitlines() if "train-" in line)
    assert told in bright and "none" in plain and "auto" not in plain
    assert ("auto" in bright) == (not colours)
