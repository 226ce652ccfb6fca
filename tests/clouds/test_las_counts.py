"""How many points a LAS file has, and files that hold fewer or more than their header counts."""

from __future__ import annotations

import struct
from pathlib import Path

import laspy
import numpy as np
import pytest

from bscnet.clouds.formats.las.reader import LasFile
from bscnet.errors import InputError
from fixtures.las_files import evlr, las_bytes, plain_points, random_las, variable_laz, write_random

MOST = 2**32 - 1


def with_counts(path: Path, legacy: int, extended: int | None = None) -> Path:
    """The same file with other counts in its header."""
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, 107, legacy)
    if extended is not None:
        struct.pack_into("<Q", content, 247, extended)
    other = path.with_stem("other")
    other.write_bytes(bytes(content))
    return other


def refused(path: Path) -> str:
    with pytest.raises(InputError) as error:
        LasFile(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)
    return str(error.value)


def saved(folder: Path, content: bytes) -> Path:
    path = folder / "scan.las"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("legacy, extended", [(60, 60), (0, 60), (60, 0), (MOST, 60), (61, 60), (7, 60)])
@pytest.mark.parametrize("point_format", [3, 6])
@pytest.mark.parametrize("ending", [".las", ".laz"])
def test_the_count_of_las_1_4_is_the_new_one_unless_it_is_not_there(
    legacy: int, extended: int, point_format: int, ending: str, tmp_path: Path
) -> None:
    header = laspy.LasHeader(version="1.4", point_format=point_format)
    las = laspy.LasData(header)
    las.x = las.y = las.z = np.arange(60.0)
    path = tmp_path / f"scan{ending}"
    las.write(str(path))
    file = LasFile(with_counts(path, legacy, extended))
    assert file.count == 60
    np.testing.assert_array_equal(file.read().columns["x"], np.arange(60.0))


@pytest.mark.parametrize("counted", [59, 31, 1, 0])
def test_more_points_than_are_counted_are_not_passed_over(counted: int, tmp_path: Path) -> None:
    write_random(tmp_path / "scan.las", 3)
    told = refused(with_counts(tmp_path / "scan.las", counted))
    assert f"its header counts {counted} points, but 60 are in the file" in told


def test_more_compressed_points_than_are_counted_are_not_passed_over(tmp_path: Path) -> None:
    write_random(tmp_path / "layered.laz", 7)
    told = refused(with_counts(tmp_path / "layered.laz", 0, 59))
    assert "its header counts 59 points, but its chunks hold 60" in told
    header = laspy.LasHeader(version="1.2", point_format=0)
    las = laspy.LasData(header)
    las.x = las.y = las.z = np.zeros(50_001)
    las.write(str(tmp_path / "chunks.laz"))
    told = refused(with_counts(tmp_path / "chunks.laz", 50_000))
    assert "its header counts 50000 points, but its chunks hold 50001 to 100000" in told
    assert LasFile(tmp_path / "chunks.laz").count == 50_001


@pytest.mark.parametrize("point_format", [3, 7])
def test_chunks_of_any_size_are_counted(point_format: int, tmp_path: Path) -> None:
    las = random_las(point_format)
    content = variable_laz(las, [10, 49, 1], [], [])
    rows = list(LasFile(saved(tmp_path, content)).rows())
    assert rows[0].native.tobytes() == las.points.array.tobytes()
    for count in (59, 61, 600):
        damaged = bytearray(content)
        struct.pack_into("<Q", damaged, 247, count)
        assert f"its header counts {count} points, but its chunks hold 60" in refused(saved(tmp_path, bytes(damaged)))


def test_the_record_of_the_compression_has_to_fit_the_points(tmp_path: Path) -> None:
    write_random(tmp_path / "scan.laz", 3, extras=False)
    content = (tmp_path / "scan.laz").read_bytes()
    place = content.index(b"laszip encoded")
    items = place + 52 + 32
    for change, told in (
        ({place: ord("x")}, "the record that tells how its points are compressed is missing"),
        ({items: 9}, "the record that tells how its points are compressed is too short"),
        ({place + 52: 3}, "compressed in a way that is not known, 3 for parts of the kinds 6, 7, 8"),
        ({place + 52: 1}, "compressed in a way that is not known, 1 for parts"),
        ({items + 14: 11}, "compressed in a way that is not known, 2 for parts of the kinds 6, 7, 11"),
        ({items + 4: 21}, "a part of its compressed points, of kind 6, has 21 bytes"),
        ({items + 14: 0, items + 16: 7}, "its compressed points have 35 bytes, in its header they have 34"),
    ):
        damaged = bytearray(content)
        for where, value in change.items():
            damaged[where] = value
        assert told in refused(saved(tmp_path, bytes(damaged)))


def test_counts_that_no_file_of_that_size_can_have_are_refused_at_once(tmp_path: Path) -> None:
    write_random(tmp_path / "scan.laz", 3)
    assert "bytes cannot hold 4294967295 points" in refused(with_counts(tmp_path / "scan.laz", MOST))


def test_full_chunks_are_not_taken_for_more(tmp_path: Path) -> None:
    for point_format, version in ((0, "1.2"), (6, "1.4")):
        las = laspy.LasData(laspy.LasHeader(version=version, point_format=point_format))
        las.x = las.y = las.z = np.zeros(50_000)
        las.write(str(tmp_path / "scan.laz"))
        assert LasFile(tmp_path / "scan.laz").count == 50_000


@pytest.mark.parametrize("ending", [".las", ".laz"])
def test_fewer_points_than_are_counted_are_not_made_up(ending: str, tmp_path: Path) -> None:
    write_random(tmp_path / f"scan{ending}", 7)
    assert "61" in refused(with_counts(tmp_path / f"scan{ending}", 0, 61))
    assert "50001" in refused(with_counts(tmp_path / f"scan{ending}", 0, 50_001))


@pytest.mark.parametrize("behind", [b"x" * 19, b"\0" * 19, b"\0" * 20, b"\0" * 4096])
def test_bytes_that_are_no_point_may_stand_behind_the_points(behind: bytes, tmp_path: Path) -> None:
    for minor in (2, 4):
        assert LasFile(saved(tmp_path, las_bytes(plain_points(9), 9, minor=minor, behind=behind))).count == 9
    file = LasFile(saved(tmp_path, las_bytes(plain_points(9), 9, minor=4, behind=behind, evlrs=[(b"me", 1, b"abc")])))
    assert file.count == 9 and [record.data(file.path) for record in file.behind] == [b"abc"]


def test_bytes_before_the_extended_records_are_points_too(tmp_path: Path) -> None:
    content = las_bytes(plain_points(8), 8, minor=4, behind=plain_points(2), evlrs=[(b"me", 1, b"abc")])
    assert "counts 8 points, but 10 are in the file" in refused(saved(tmp_path, content))


def test_waveforms_and_extended_records_are_no_points(tmp_path: Path) -> None:
    wave = evlr(b"LASF_Spec", 65535, bytes(range(1, 200)))
    end = 235 + 9 * 20
    # LAS 1.3, where nothing counts the records; the start of the waveforms may be told or not
    for start, behind in ((end, wave), (0, wave), (0, wave + evlr(b"me", 3, b"\1" * 500)), (end, b"\7" * 300)):
        file = LasFile(saved(tmp_path, las_bytes(plain_points(9), 9, minor=3, behind=behind, waveform=start)))
        assert file.count == 9
    # a record that is none of LAS: nobody is its user, or it ends elsewhere
    for behind in (evlr(b"", 3, b"\1" * 500), evlr(b"me", 3, b"\1" * 500)[:-1]):
        content = las_bytes(plain_points(9), 9, minor=3, behind=behind)
        assert "counts 9 points, but " in refused(saved(tmp_path, content))


def test_waveforms_that_no_record_holds_begin_where_the_header_says(tmp_path: Path) -> None:
    content = las_bytes(plain_points(9), 9, minor=4, legacy=9, behind=b"\7" * 300, waveform=375 + 180)
    assert LasFile(saved(tmp_path, content)).count == 9


@pytest.mark.parametrize("cut", [1, 60, 63])
def test_a_file_that_ends_within_its_extended_records_is_refused(cut: int, tmp_path: Path) -> None:
    content = las_bytes(plain_points(9), 9, minor=4, evlrs=[(b"me", 1, b"abc"), (b"me", 2, b"abc")])
    assert "its 2 extended records" in refused(saved(tmp_path, content[:-cut]))


def test_a_file_that_ends_within_its_points_is_refused(tmp_path: Path) -> None:
    content = las_bytes(plain_points(9), 9)
    assert "it ends before the last of its 9 points" in refused(saved(tmp_path, content[:-1]))
    assert "within its header" in refused(saved(tmp_path, content[:226]))


def test_a_file_without_points_is_refused(tmp_path: Path) -> None:
    assert "has no points" in refused(saved(tmp_path, las_bytes(b"", 0)))
