"""LAS and LAZ are read as laspy reads them, in chunks of any size and of any fields."""

from __future__ import annotations

import struct
import sys
import tempfile
from pathlib import Path

import laspy
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bscnet.clouds.fields import Rows
from bscnet.clouds.formats.las.reader import LasFile
from bscnet.clouds.open import open_cloud, read_cloud
from bscnet.errors import InputError
from fixtures.las_files import descriptor, field_names, las_bytes, plain_points, variable_laz, vlr, write_random

ENDINGS = (".las", ".laz")


def joined(parts: list[Rows], name: str) -> np.ndarray:
    return np.concatenate([rows.fields[name] for rows in parts])


def written(folder: Path, content: bytes, name: str = "scan.las") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("point_format", range(11))
def test_every_dimension_has_laspys_name_type_and_values(point_format: int, ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"scan{ending}"
    las = write_random(path, point_format)
    file = open_cloud(path)
    assert file.count == len(las)
    assert [field.name for field in file.fields] == field_names(las)
    rows = list(file.rows(13))
    assert [part.first for part in rows] == list(range(0, 60, 13))
    for field in file.fields:
        expected, found = np.array(las[field.name]), joined(rows, field.name)
        assert found.dtype == expected.dtype == field.dtype
        assert found.shape == expected.shape and found.shape[1:] == field.shape
        assert found.tobytes() == expected.tobytes(), field.name
    assert {name: found.shape for name, found in rows[0].fields.items() if found.ndim > 1} == {
        "echo width": (13, 3),
        "normal": (13, 3),
    }
    assert np.concatenate([part.native for part in rows]).tobytes() == las.points.array.tobytes()


@pytest.fixture(scope="module")
def clouds() -> list[LasFile]:
    folder = Path(tempfile.mkdtemp())
    found = []
    for point_format in (3, 10):
        for ending in ENDINGS:
            path = folder / f"scan{point_format}{ending}"
            write_random(path, point_format)
            found.append(LasFile(path))
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 3), size=st.integers(1, 90), data=st.data())
def test_chunks_joined_are_the_whole(which: int, size: int, data: st.DataObject, clouds: list[LasFile]) -> None:
    file = clouds[which]
    names = data.draw(st.lists(st.sampled_from(list(file.columns)), unique=True))
    whole, parts = file.read(), list(file.chunks(size, names))
    assert all(len(part) == size for part in parts[:-1]) and sum(len(part) for part in parts) == file.count
    assert set(parts[0].columns) == {*names, "x", "y", "z"}
    for name in parts[0].columns:
        found = np.concatenate([part.columns[name] for part in parts])
        assert found.dtype == whole.columns[name].dtype
        assert found.tobytes() == whole.columns[name].tobytes()


def test_coordinates_are_scaled_and_moved_in_double_precision(tmp_path: Path) -> None:
    raw = np.zeros(2, [("XYZ", "<i4", 3), ("rest", "V8")])
    raw["XYZ"] = [[-(2**31), 7, 2**31 - 1], [1, 2, 3]]
    path = written(tmp_path, las_bytes(raw.tobytes(), 2, scale=1e-7))
    cloud = read_cloud(path)
    for axis, index, offset in (("x", 0, 10.0), ("y", 1, 20.0), ("z", 2, 30.0)):
        assert cloud.columns[axis].tolist() == [value * 1e-7 + offset for value in raw["XYZ"][:, index].tolist()]


def test_values_of_a_few_bits_are_where_the_specification_has_them(tmp_path: Path) -> None:
    old = struct.pack("<3iHBBbBH", 1, 2, 3, 65535, 0b1_0_101_011, 0b1_0_1_10001, -90, 7, 513)
    new = struct.pack("<3iHBBBBhHd", 1, 2, 3, 65535, 0b1010_0111, 0b1_0_10_1_0_0_1, 200, 7, -30_000, 513, 2.5)
    expected = {
        "intensity": (65535, 65535),
        "return_number": (3, 7),
        "number_of_returns": (5, 10),
        "scan_direction_flag": (0, 0),
        "edge_of_flight_line": (1, 1),
        "classification": (17, 200),
        "synthetic": (1, 1),
        "key_point": (0, 0),
        "withheld": (1, 0),
        "user_data": (7, 7),
        "point_source_id": (513, 513),
    }
    more = ({"scan_angle_rank": -90}, {"overlap": 1, "scanner_channel": 2, "scan_angle": -30_000, "gps_time": 2.5})
    for which, (point, form) in enumerate(((old, 0), (new, 6))):
        content = las_bytes(point, 1, point_format=form, point_size=len(point), minor=4, legacy=0)
        columns = read_cloud(written(tmp_path, content)).columns
        found = {name: column[0] for name, column in columns.items() if name not in "xyz"}
        assert found == {name: values[which] for name, values in expected.items()} | more[which]


def test_scales_that_are_no_numbers_give_no_places(tmp_path: Path) -> None:
    path = written(tmp_path, las_bytes(plain_points(5), 5, scale=float("nan")))
    cloud = read_cloud(path)
    assert not cloud.finite.any()


@pytest.mark.parametrize("minor", [0, 1, 2, 3, 4])
def test_old_versions_odd_records_and_gaps_are_read(minor: int, tmp_path: Path) -> None:
    vlrs = [(b"\0" * 16, 0, b""), ("Grüße".encode("latin-1"), 5, b"abc"), (b"sixteen letters!", 65535, bytes(7))]
    content = las_bytes(
        plain_points(9),
        9,
        minor=minor,
        vlrs=vlrs,
        gap=b"\xdd\xcc",
        more_header=b"more of somebody's",
        behind=b"\0" * 19,
    )
    file = open_cloud(written(tmp_path, content))
    assert file.count == 9
    expected = np.frombuffer(plain_points(9), [("X", "<i4"), ("rest", "V16")])["X"] * 0.01 + 10.0
    assert file.read().columns["x"].tolist() == expected.tolist()
    assert [record.user for record in file.before] == ["", "Grüße", "sixteen letters!"]


def test_lines_of_text_about_the_cloud_are_its_comments(tmp_path: Path) -> None:
    text = [(b"LASF_Spec", 3, "flown in May\n\nby night ☾\0rest".encode())]
    path = written(tmp_path, las_bytes(plain_points(3), 3, minor=4, vlrs=text, evlrs=[(b"LASF_Spec", 3, b"again")]))
    assert open_cloud(path).comments == ("flown in May", "by night ☾", "again")


@pytest.mark.parametrize("more", [1, 4, 300])
def test_bytes_that_nothing_describes_are_a_field_as_in_laspy(more: int, tmp_path: Path) -> None:
    path = written(tmp_path, las_bytes(plain_points(9, 1, 20 + more), 9, point_size=20 + more, minor=4, legacy=0))
    found, expected = next(open_cloud(path).rows()).fields["ExtraBytes"], np.array(laspy.read(path)["ExtraBytes"])
    assert found.dtype == expected.dtype and found.shape == expected.shape and found.tobytes() == expected.tobytes()


def extra_names(tmp_path: Path, descriptors: list[bytes], size: int, evlr: bool = False) -> dict[str, tuple[int, ...]]:
    records = [(b"LASF_Spec", 4, part) for part in descriptors]
    more = {"evlrs": records} if evlr else {"vlrs": records}
    content = las_bytes(plain_points(4, 2, 20 + size), 4, point_size=20 + size, minor=4, **more)
    fields = open_cloud(written(tmp_path, content)).fields
    return {
        field.name: field.shape
        for field in fields[fields.index(next(f for f in fields if "point_source" in f.name)) + 1 :]
    }


def test_extra_dimensions_that_are_not_told_as_they_should_be(tmp_path: Path) -> None:
    byte, word = descriptor(b"byte", 1), descriptor(b"word", 3)
    # a second record, of a program that did not look for the first one
    assert extra_names(tmp_path, [byte, word], 3) == {"byte": (), "word": ()}
    # behind the points
    assert extra_names(tmp_path, [byte + word], 3, evlr=True) == {"byte": (), "word": ()}
    # more bytes than are told of
    assert extra_names(tmp_path, [byte + word], 5) == {"byte": (), "word": (), "ExtraBytes": (2,)}
    # fewer: by the specification the record does not count then
    assert extra_names(tmp_path, [byte + word], 2) == {"ExtraBytes": (2,)}
    assert extra_names(tmp_path, [byte + word], 0) == {}
    # types that are reserved
    assert extra_names(tmp_path, [byte + descriptor(b"new", 31)], 3) == {"ExtraBytes": (3,)}
    # raw bytes, none, one and several
    raw = descriptor(b"none", 0, 0) + descriptor(b"one", 0, 1) + descriptor(b"three", 0, 3)
    assert extra_names(tmp_path, [raw], 4) == {"one": (), "three": (3,)}
    # names that are taken, empty or no text
    odd = [descriptor(name, 1) for name in (b"x", b"x", b"intensity", b"", b"caf\xe9", b"X")]
    assert list(extra_names(tmp_path, [b"".join(odd)], 6)) == [
        "x_2",
        "x_3",
        "intensity_2",
        "ExtraBytes_2",
        "caf�",
        "X_2",
    ]


def test_a_scale_without_an_offset_and_the_other_way_round(tmp_path: Path) -> None:
    both = descriptor(b"scaled", 1, 8, 0.5, 9.0) + descriptor(b"moved", 2, 16, 9.0, -3.0)
    points = np.frombuffer(plain_points(2, 0, 22), np.uint8).reshape(2, 22).copy()
    points[:, 20], points[:, 21] = [3, 255], [3, 255]
    content = las_bytes(points.tobytes(), 2, point_size=22, vlrs=[(b"LASF_Spec", 4, both)])
    cloud = read_cloud(written(tmp_path, content))
    assert cloud.columns["scaled"].tolist() == [1.5, 127.5] and cloud.columns["moved"].tolist() == [0.0, -4.0]


def test_a_cloud_with_colours_twice_has_those_of_its_points(tmp_path: Path) -> None:
    header = laspy.LasHeader(version="1.4", point_format=7)
    header.add_extra_dim(laspy.ExtraBytesParams("Colors", "3u2"))
    las = laspy.LasData(header)
    las.x = las.y = las.z = np.arange(3.0)
    las.red, las["Colors"] = np.array([1, 2, 3], np.uint16), np.full((3, 3), 9, np.uint16)
    las.write(str(tmp_path / "scan.las"))
    cloud = read_cloud(tmp_path / "scan.las")
    assert cloud.columns["red"].tolist() == [1, 2, 3] and cloud.columns["Colors_0"].tolist() == [9, 9, 9]


def test_a_copc_file_is_read_as_the_laz_file_that_it_is(tmp_path: Path) -> None:
    las = write_random(tmp_path / "plain.las", 7, 60)
    info, pages = (b"copc", 1, bytes(160)), (b"copc", 1000, bytes(64))
    path = written(tmp_path, variable_laz(las, [10, 30, 1, 19], [info], [pages]), "scan.copc.laz")
    rows = list(open_cloud(path).rows(7))
    assert np.concatenate([part.native for part in rows]).tobytes() == las.points.array.tobytes()


def test_a_laz_file_written_to_a_pipe_tells_the_place_of_its_table_at_the_end(tmp_path: Path) -> None:
    las = write_random(tmp_path / "scan.laz", 3)
    content = bytearray((tmp_path / "scan.laz").read_bytes())
    to_points = int.from_bytes(content[96:100], "little")
    place = bytes(content[to_points : to_points + 8])
    content[to_points : to_points + 8] = b"\xff" * 8
    rows = list(open_cloud(written(tmp_path, bytes(content) + place, "piped.laz")).rows())
    assert rows[0].native.tobytes() == las.points.array.tobytes()


@pytest.mark.parametrize(
    "change, told",
    [
        ({24: 2}, "LAS of version 2.2 is not known, 1.0 to 1.5 are"),
        ({25: 6}, "LAS of version 1.6 is not known"),
        ({104: 11}, "points of format 11 are not known, 0 to 10 are"),
        ({104: 0x40}, "points of format 64 are not known"),
        ({105: 19}, "its points have 19 bytes, those of format 0 have at least 20"),
        ({0: 0}, "no LAS file, its first bytes must be 'LASF'"),
        ({94: 226}, "its points begin at byte"),
        ({97: 255}, "its points begin at byte"),
        ({100: 9}, "9 variable length records do not fit before its points"),
        ({227 + 20: 200}, "its variable length records reach into its points"),
    ],
)
def test_headers_that_cannot_be_are_refused(change: dict[int, int], told: str, tmp_path: Path) -> None:
    content = bytearray(las_bytes(plain_points(9), 9, vlrs=[(b"me", 1, b"abc")]))
    for place, value in change.items():
        content[place] = value
    path = written(tmp_path, bytes(content))
    with pytest.raises(InputError) as error:
        open_cloud(path)
    assert str(error.value).startswith(f"{path}: ") and told in str(error.value)


@pytest.mark.parametrize("name", ["laspy", "lazrs"])
def test_without_its_libraries_a_sentence_says_what_to_install(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "scan.laz"
    write_random(path, 6)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=rf"scan\.laz: reading it needs {name}: make setup"):
        open_cloud(path)


def test_vlr_helper_is_the_54_bytes_of_the_specification() -> None:
    assert len(vlr(b"a", 1, b"")) == 54
