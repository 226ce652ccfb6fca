"""The same cloud through every format, written without the package's readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bscnet.clouds.open import open_cloud, read_cloud
from bscnet.errors import InputError
from fixtures.folder_files import STEP, WRITERS, make_points, write_las, write_npz, write_pcd, write_ply, write_xyz

LABEL = {".las": "classification", ".laz": "classification", ".npz": "labels"}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_back_the_same_points(tmp_path: Path, name: str) -> None:
    """Coordinates are multiples of STEP, which float64, float32 and LAS's scaled integers all hold exactly."""
    points = make_points(count=77)
    WRITERS[name](tmp_path / name, points)
    cloud = read_cloud(tmp_path / name)
    assert len(cloud) == 77
    for index, axis in enumerate("xyz"):
        assert cloud.columns[axis].dtype == np.float64
        np.testing.assert_array_equal(cloud.columns[axis], points.xyz[:, index])
    depth = {".las": 1 if "eight" in name else 256 if "shifted" in name else 257}.get(Path(name).suffix, 1)
    depth = 257 if name.endswith(".laz") else depth
    for index, color in enumerate(("red", "green", "blue")):
        np.testing.assert_array_equal(cloud.columns[color], points.rgb[:, index].astype(int) * depth)
    np.testing.assert_array_equal(cloud.columns[LABEL.get(Path(name).suffix, "label")], points.label)
    np.testing.assert_array_equal(cloud.columns["intensity"], points.intensity)


@pytest.mark.parametrize("name", ["a.ply", "a.pcd", "a.las", "a.laz", "a.npz"])
def test_further_values_keep_their_type(tmp_path: Path, name: str) -> None:
    points = make_points()
    points.more = {"score": np.linspace(-2, 2, 60, dtype=np.float32), "ring": np.arange(60, dtype=np.int16) - 30}
    write = {"ply": write_ply, "pcd": write_pcd, "las": write_las, "laz": write_las, "npz": write_npz}[name[2:]]
    cloud = read_cloud(write(tmp_path / name, points))
    for column, values in points.more.items():
        assert cloud.columns[column].dtype == values.dtype
        np.testing.assert_array_equal(cloud.columns[column], values)


@pytest.mark.parametrize("kind", ["F", "U"])
def test_packed_colours_as_whole_numbers_of_text(tmp_path: Path, kind: str) -> None:
    """Some writers put the integer 0x404040 = 4210752 into a field of TYPE F."""
    path = tmp_path / "a.pcd"
    path.write_text(
        f"VERSION .7\nFIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F {kind}\nCOUNT 1 1 1 1\nWIDTH 2\nHEIGHT 1\n"
        "POINTS 2\nDATA ascii\n0 0 0 4210752\n1 1 1 255\n"
    )
    cloud = read_cloud(path)
    assert [cloud.columns[color].tolist() for color in ("red", "green", "blue")] == [[64, 0], [64, 0], [64, 255]]


@pytest.mark.parametrize("kind", ["ascii", "binary", "compressed"])
def test_pcd_files_of_open3d(tmp_path: Path, kind: str) -> None:
    import open3d

    points = make_points()
    cloud = open3d.t.geometry.PointCloud(np.ascontiguousarray(points.xyz))
    cloud.point.colors = np.ascontiguousarray(points.rgb)
    cloud.point.label = points.label.astype(np.int32)[:, None].copy()
    path = tmp_path / "a.pcd"
    open3d.t.io.write_point_cloud(str(path), cloud, write_ascii=kind == "ascii", compressed=kind == "compressed")
    found = read_cloud(path).columns
    np.testing.assert_allclose(found["x"], points.xyz[:, 0], atol=0 if kind != "ascii" else 1e-9)
    np.testing.assert_array_equal(found["blue"], points.rgb[:, 2])
    np.testing.assert_array_equal(found["label"], points.label)


def test_old_pcd_headers_and_padding(tmp_path: Path) -> None:
    path = tmp_path / "old.pcd"
    head = "VERSION .5\nCOLUMNS x y z _ normal\nSIZE 4 4 4 1 4\nTYPE F F F U F\n"
    path.write_text(head + "COUNT 1 1 1 2 3\nWIDTH 2\nHEIGHT 1\nDATA ascii\n1 2\t3 9 9 .1 .2 .3\n4 5 6 9 9 .4 .5 .6 \n")
    cloud = read_cloud(path)
    assert list(cloud.columns) == ["x", "y", "z", "normal_0", "normal_1", "normal_2"]
    np.testing.assert_array_equal(cloud.columns["z"], [3.0, 6.0])
    np.testing.assert_array_equal(cloud.columns["normal_2"], np.float32([0.3, 0.6]))


def test_packed_colours_with_alpha_are_nans_as_floats_and_still_read(tmp_path: Path) -> None:
    bits = np.array([0xFFFF8001, 0x00010203], np.uint32)
    path = tmp_path / "a.pcd"
    rows = np.empty(2, [("x", "f4"), ("y", "f4"), ("z", "f4"), ("rgb", "f4")])
    for axis in "xyz":
        rows[axis] = 1
    rows["rgb"] = bits.view(np.float32)
    head = "VERSION .7\nFIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F F\nWIDTH 2\nHEIGHT 1\nPOINTS 2\nDATA binary\n"
    path.write_bytes(head.encode() + rows.tobytes())
    columns = read_cloud(path).columns
    assert [columns[color].tolist() for color in ("red", "green", "blue")] == [[255, 1], [128, 2], [1, 3]]


def test_las_of_a_national_grid_keeps_its_millimetres(tmp_path: Path) -> None:
    points = make_points()
    cloud = read_cloud(write_las(tmp_path / "a.las", points, origin=6_259_900.0))
    np.testing.assert_allclose(cloud.columns["y"] - 6_259_900.0, points.xyz[:, 1], atol=STEP / 1000)


def test_text_by_header_by_number_and_by_name(tmp_path: Path) -> None:
    points = make_points()
    for header in ("", "# ", "//"):
        assert "intensity" in read_cloud(write_xyz(tmp_path / "a.xyz", points, header=header)).columns
    path = tmp_path / "b.txt"
    path.write_text("# a comment\n1 2 3\n\n4 5 6\n")
    assert list(read_cloud(path).columns) == ["x", "y", "z"]
    path.write_text("2\n1 2 3 255 0 0\n4 5 6 0 0 9\n")
    assert read_cloud(path).columns["blue"].tolist() == [0, 9]
    path.write_text("9 1 2 3\n8 4 5 6\n")
    assert read_cloud(path, ["_", "x", "y", "z"]).columns["x"].tolist() == [1, 4]
    path.write_text("X;Y;Z;Scalar field\n1;2;3;7\n")
    assert read_cloud(path).columns["Scalar field"].tolist() == [7]


def test_npz_with_axes_and_wide_arrays(tmp_path: Path) -> None:
    axes = {axis: np.arange(4, dtype=np.float32) + index for index, axis in enumerate("xyz")}
    np.savez(tmp_path / "a.npz", **axes, normals=np.ones((4, 3)), pose=np.eye(3), site=np.array("a place"))
    cloud = read_cloud(tmp_path / "a.npz")
    assert list(cloud.columns) == ["x", "y", "z", "normals_0", "normals_1", "normals_2"]


def test_columns_are_found_whatever_their_case(tmp_path: Path) -> None:
    cloud = read_cloud(write_ply(tmp_path / "a.ply", make_points(), label="scalar_Label"))
    assert cloud.find("label") == cloud.find("Scalar_label") == "scalar_Label"
    assert cloud.find("class") is None


def test_the_files_own_unit(tmp_path: Path) -> None:
    import laspy

    path = write_las(tmp_path / "a.las", make_points())
    assert open_cloud(path).units is None
    angles = 'GEOGCS["b",UNIT["degree",0.017]]'
    projected = f'PROJCS["a",{angles},PARAMETER["false_easting",0],UNIT["%s",%s]],VERT_CS["c",UNIT["metre",1]]'
    for text, unit in (
        (projected % ("metre", "1"), "m"),
        (projected % ("foot", "0.3048"), "ft"),
        (projected % ("US survey foot", "0.304800609601219"), "us-ft"),
        (angles, "degree"),
    ):
        las = laspy.read(path)
        las.header.vlrs.append(laspy.vlrs.known.WktCoordinateSystemVlr(text))
        las.write(str(tmp_path / "b.las"))
        assert open_cloud(tmp_path / "b.las").units == unit


def test_other_endings_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.e57").write_bytes(b"x")
    with pytest.raises(InputError, match=r"a\.e57: clouds end in \.ply, \.pcd"):
        read_cloud(tmp_path / "a.e57")
