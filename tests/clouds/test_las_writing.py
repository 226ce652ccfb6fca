"""LAS and LAZ from LAS and LAZ: nothing of the source is lost, and the labels are its classification."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path
from typing import Any

import laspy
import numpy as np
import pytest

from bscnet.clouds.columns import find_label
from bscnet.clouds.fields import Field
from bscnet.clouds.formats.las.reader import LasFile
from bscnet.clouds.points import Survey
from bscnet.clouds.writer import Target, writer_of
from bscnet.errors import InputError
from fixtures.full_disk import files_end_at
from fixtures.las_files import (
    descriptor,
    evlr,
    field_names,
    las_bytes,
    plain_points,
    variable_laz,
    write_random,
)

ADDED = (Field("label", np.dtype(np.int64)), Field("confidence", np.dtype(np.float32)))
SURVEY = Survey(np.zeros(3), np.ones(3), 1, 0, "65535")


def labels_of(count: int) -> np.ndarray:
    return np.arange(count) * 7 % 32


def copy(source: Path, path: Path, size: int = 23, added: tuple[Field, ...] = ADDED, **target: Any) -> LasFile:
    """The source written to `path` with labels 0 to 31 and confidences, a few points at a time."""
    file = LasFile(source)
    labels, trust = labels_of(file.count), np.linspace(0, 1, file.count, dtype=np.float32)
    colors = np.arange(file.count) % 256
    with path.open("w+b") as stream:
        writer = writer_of(path, stream, Target(file, added, tuple(range(32)), **target))
        assert stream.tell() == 0
        writer.begin(SURVEY, (1.0, 1.0, 1.0))
        for rows in file.rows(size):
            part = slice(rows.first, rows.first + len(rows))
            values: dict[str, Any] = {"label": labels[part], "confidence": trust[part]}
            values |= {one.name: np.arange(len(rows)).astype(one.dtype) for one in added if one not in ADDED}
            if target.get("recolored"):
                values |= {name: colors[part].astype(np.uint8) for name in ("red", "green", "blue")}
            writer.write(rows, values)
        writer.finish()
        assert not stream.closed and stream.tell() == stream.seek(0, 2)
    return LasFile(path)


def header_field(path: Path, kind: str, place: int) -> tuple[Any, ...]:
    return struct.unpack_from(kind, path.read_bytes(), place)


def records(path: Path) -> tuple[list[tuple[bytes, bytes]], list[tuple[bytes, bytes]]]:
    """Heads and data of the records before the points and behind them, by the offsets of the specification."""
    content = path.read_bytes()
    (place, _, number), found = struct.unpack_from("<HII", content, 94), []
    for _ in range(number):
        length = struct.unpack_from("<H", content, place + 20)[0]
        found.append((content[place : place + 54], content[place + 54 : place + 54 + length]))
        place += 54 + length
    behind = []
    if content[25] >= 4:
        place, number = struct.unpack_from("<QI", content, 235)
        for _ in range(number):
            length = struct.unpack_from("<Q", content, place + 20)[0]
            behind.append((content[place : place + 60], content[place + 60 : place + 60 + length]))
            place += 60 + length
    return found, behind


@pytest.mark.parametrize("ending", ["las to las", "las to laz", "laz to laz", "laz to las"])
@pytest.mark.parametrize("point_format", range(11))
def test_every_bit_of_every_dimension_comes_back(point_format: int, ending: str, tmp_path: Path) -> None:
    before, after = ending.split(" to ")
    source, path = tmp_path / f"in.{before}", tmp_path / f"out.{after}"
    las = write_random(source, point_format)
    copy(source, path)
    out = laspy.read(path)
    moved = {"classification": "classification_input", "label": "label_input"}
    for name in ("X", "Y", "Z", *field_names(las)):
        old, new = np.array(las[name]), np.array(out[moved.get(name, name)])
        assert new.dtype == old.dtype and new.tobytes() == old.tobytes(), name
    np.testing.assert_array_equal(np.array(out.classification), labels_of(60))
    assert out["confidence"].dtype == np.float32
    assert out["confidence"].tolist() == np.linspace(0, 1, 60, dtype=np.float32).tolist()
    assert (out.header.version, out.header.point_format.id) == (las.header.version, point_format)
    assert out.header.are_points_compressed == (after == "laz")
    old_names = [moved.get(name, name) for name in las.point_format.extra_dimension_names]
    assert list(out.point_format.extra_dimension_names) == [*old_names, "classification_input", "confidence"]
    descriptions = {one.name: one.description for one in out.point_format.extra_dimensions}
    assert (
        descriptions["confidence"] == "of the classification, 0 to 1"
        and descriptions["label_input"] == "of somebody else"
    )


@pytest.mark.parametrize("ending", [".las", ".laz"])
def test_the_header_is_the_sources_but_for_what_must_change(ending: str, tmp_path: Path) -> None:
    for minor, more in ((0, b""), (1, b""), (2, b"somebody's own"), (3, b""), (4, b"x")):
        odd = {"gap": b"\xdd\xcc", "more_header": more, "encoding": 0b1_0001}
        source = tmp_path / "in.las"
        source.write_bytes(las_bytes(plain_points(50), 50, minor=minor, vlrs=[(b"me", 4, b"abc")], **odd))
        path = tmp_path / f"out{ending}"
        copy(source, path)
        old, new = source.read_bytes(), path.read_bytes()
        size = struct.unpack_from("<H", old, 94)[0]
        to_points = struct.unpack_from("<I", new, 96)[0]
        # offset to the points, number of records, kind and size of a point
        expected = bytearray(old[:size])
        expected[96:107] = new[96:107]
        assert new[:size] == bytes(expected)
        assert struct.unpack_from("<BH", new, 104) == (128 * (ending == ".laz"), 25)
        assert new[to_points - 2 : to_points] == b"\xdd\xcc"


def test_records_keep_their_bytes_and_their_order(tmp_path: Path) -> None:
    vlrs = [
        (b"\0" * 16, 0, b""),
        ("Grüße".encode("latin-1"), 5, b"abc"),
        (b"sixteen letters!", 65535, bytes(range(200))),
        (b"LASF_Spec", 100, bytes(26)),
        (b"LASF_Projection", 2112, b"no system"),
    ]
    evlrs = [(b"me", 1, b"abc" * 50_000), (b"LASF_Spec", 65535, bytes(range(256)))]
    content = bytearray(las_bytes(plain_points(9), 9, minor=4, vlrs=vlrs, evlrs=evlrs, behind=bytes(19)))
    content[375:377], content[375 + 22 : 375 + 54] = b"\xbb\xaa", "Übersicht".encode("latin-1").ljust(32, b"!")
    source = tmp_path / "in.las"
    source.write_bytes(bytes(content))
    old = records(source)
    for ending in (".las", ".laz"):
        file = copy(source, tmp_path / f"out{ending}")
        before, behind = records(file.path)
        assert before[:5] == old[0] and behind == old[1]
        names = [(head[2:18].rstrip(b"\0"), *struct.unpack_from("<H", head, 18)) for head, _ in before[5:]]
        assert names == [(b"LASF_Spec", 4), *[(b"laszip encoded", 22204)] * (ending == ".laz")]
        assert [one.data(file.path)[:5] for one in file.behind] == [b"abcab", b"\0\1\2\3\4"]


@pytest.mark.parametrize("minor", [3, 4])
@pytest.mark.parametrize("recorded", [True, False])
def test_waveforms_come_back_and_the_header_points_at_them(minor: int, recorded: bool, tmp_path: Path) -> None:
    wave = evlr(b"LASF_Spec", 65535, bytes(range(256)))
    end = (375 if minor == 4 else 235) + 50 * 20
    source = tmp_path / "in.las"
    behind = {"evlrs": [(b"LASF_Spec", 65535, bytes(range(256)))]} if minor == 4 and recorded else {"behind": wave}
    if not recorded:
        behind["behind"] = wave[:-1]  # no whole record
    source.write_bytes(las_bytes(plain_points(50), 50, minor=minor, waveform=end, **behind))
    for ending in (".las", ".laz"):
        path = copy(source, tmp_path / f"out{ending}").path
        place = header_field(path, "<Q", 227)[0]
        assert path.read_bytes()[place:] == source.read_bytes()[end:]


def test_counts_that_were_not_as_las_wants_them_are_put_right(tmp_path: Path) -> None:
    for point_format, old, new, legacy in ((0, 50, 0, 50), (0, 2**32 - 1, 50, 0), (0, 50, 50, 50), (6, 50, 50, 0)):
        content = bytearray(las_bytes(plain_points(50, 0, 30), 50, minor=4, point_format=point_format, point_size=30))
        struct.pack_into("<I5I", content, 107, old, old, 0, 0, 0, 0)
        struct.pack_into("<QQ", content, 247, new, new)
        (tmp_path / "in.las").write_bytes(bytes(content))
        path = copy(tmp_path / "in.las", tmp_path / "out.las").path
        assert header_field(path, "<I5I", 107) == (legacy, legacy, 0, 0, 0, 0)
        assert header_field(path, "<Q2Q", 247) == (50, min(old, 50), 0)
        assert laspy.read(path).header.point_count == 50


def test_a_copc_file_becomes_a_plain_one(tmp_path: Path) -> None:
    las = write_random(tmp_path / "plain.las", 7)
    info, pages, own = (b"copc", 1, bytes(160)), (b"copc", 1000, bytes(64)), (b"me", 3, b"kept")
    (tmp_path / "in.copc.laz").write_bytes(variable_laz(las, [40, 20], [info], [pages, own]))
    copy(tmp_path / "in.copc.laz", tmp_path / "out.laz")
    before, behind = records(tmp_path / "out.laz")
    assert not any(head[2:6] == b"copc" for head, _ in before + behind)
    assert [data for _, data in behind] == [b"kept"]
    np.testing.assert_array_equal(laspy.read(tmp_path / "out.laz").X, las.X)
    with pytest.raises(InputError, match=r"new\.copc\.laz: no COPC file can be written, but a plain one"):
        copy(tmp_path / "in.copc.laz", tmp_path / "new.copc.laz")


def test_labelling_twice_keeps_both_older_classifications(tmp_path: Path) -> None:
    las = write_random(tmp_path / "0.las", 6, extras=False)
    copy(tmp_path / "0.las", tmp_path / "1.laz")
    copy(tmp_path / "1.laz", tmp_path / "2.las")
    out = laspy.read(tmp_path / "2.las")
    assert list(out.point_format.extra_dimension_names) == [
        "classification_input", "confidence_input", "classification_input2", "confidence",
    ]  # fmt: skip
    np.testing.assert_array_equal(out["classification_input"], las.classification)
    np.testing.assert_array_equal(out["classification_input2"], labels_of(60))


@pytest.mark.parametrize(
    "told, more, names",
    [
        (b"", 4, ["ExtraBytes"]),
        (b"", 8, ["ExtraBytes", "ExtraBytes_2"]),  # as one of 8 bytes laspy would not read it
        (b"", 300, ["ExtraBytes", "ExtraBytes_2"]),
        (descriptor(b"byte", 1), 4, ["byte", "ExtraBytes"]),
        (
            descriptor(b"word", 3) * 9,
            4,
            ["ExtraBytes"],
        ),  # tells of more bytes than there are, so that it does not count
    ],
)
def test_bytes_that_nothing_described_are_described_before_the_added_ones(
    told: bytes, more: int, names: list[str], tmp_path: Path
) -> None:
    points = np.frombuffer(plain_points(50, 0, 20 + more), np.uint8).reshape(50, -1).copy()
    points[:, 20:] = np.random.default_rng(0).integers(0, 256, (50, more))
    vlrs = [(b"LASF_Spec", 4, told)] if told else []
    (tmp_path / "in.las").write_bytes(las_bytes(points.tobytes(), 50, point_size=20 + more, vlrs=vlrs))
    copy(tmp_path / "in.las", tmp_path / "out.laz")
    out = laspy.read(tmp_path / "out.laz")
    assert list(out.point_format.extra_dimension_names) == [*names, "classification_input", "confidence"]
    kept = np.concatenate([np.array(out[name]).reshape(50, -1) for name in names], axis=1)
    np.testing.assert_array_equal(kept, points[:, 20:])
    np.testing.assert_array_equal(out["classification_input"], np.full(50, 2))


def test_added_values_of_every_type_are_dimensions(tmp_path: Path) -> None:
    write_random(tmp_path / "in.las", 3, extras=False)
    types = {"flag": "?", "byte": "i1", "word": "u2", "whole": "i8", "half": "f2", "double": "f8", "intensity": "f4"}
    added = (ADDED[0], *(Field(name, np.dtype(kind)) for name, kind in types.items()))
    copy(tmp_path / "in.las", tmp_path / "out.las", added=added)
    out = laspy.read(tmp_path / "out.las")
    expected = {
        "flag": "u1",
        "byte": "i1",
        "word": "u2",
        "whole": "i8",
        "half": "f4",
        "double": "f8",
        "intensity_2": "f4",
    }
    assert {name: out[name].dtype.str[1:] for name in expected} == expected
    assert out["whole"].tolist() == [index % 23 for index in range(60)]


def test_names_of_classes_join_those_that_are_there(tmp_path: Path) -> None:
    write_random(tmp_path / "in.las", 6)
    names = {2: "floor", 5: "Wände und Decken", 300: "beyond"}
    copy(tmp_path / "in.las", tmp_path / "out.las", class_names=names)
    table = {head[18]: data for head, data in records(tmp_path / "out.las")[0] if head[2:11] == b"LASF_Spec"}[0]
    assert len(table) == 256 * 16
    entries = {table[place]: table[place + 1 : place + 16] for place in range(0, 4096, 16)}
    assert set(entries) == set(range(256))
    assert {number: name.rstrip(b"\0") for number, name in entries.items() if name.strip(b"\0")} == {
        2: b"floor",
        5: "Wände und Deck".encode(),
    }
    copy(tmp_path / "out.las", tmp_path / "again.laz", class_names={2: "ground", 3: "tree"})
    lookup = laspy.read(tmp_path / "again.laz").header.vlrs.get("ClassificationLookupVlr")
    assert len(lookup) == 1
    assert {number: lookup[0][number] for number in (2, 3, 4)} == {2: "ground", 3: "tree", 4: ""}
    # behind the points, as LAS 1.4 allows
    content = las_bytes(plain_points(9), 9, minor=4, evlrs=[(b"LASF_Spec", 0, b"\1one" + bytes(12)), (b"me", 2, b"")])
    (tmp_path / "behind.las").write_bytes(content)
    before, behind = records(copy(tmp_path / "behind.las", tmp_path / "moved.las", class_names={2: "two"}).path)
    assert [data[16:20] + data[32:36] for head, data in before if head[18] == 0] == [b"\1one\2two"]
    assert [head[18] for head, _ in behind] == [2]


def test_what_was_done_is_a_text_of_its_own(tmp_path: Path) -> None:
    text = [(b"LASF_Spec", 3, b"flown in May\0")]
    (tmp_path / "in.las").write_bytes(las_bytes(plain_points(9), 9, vlrs=text))
    file = copy(tmp_path / "in.las", tmp_path / "out.las", comments=("labelled", "by hand"))
    assert file.comments == ("flown in May", "labelled", "by hand")


def test_colours_of_classes_fill_16_bits(tmp_path: Path) -> None:
    write_random(tmp_path / "in.las", 7)
    copy(tmp_path / "in.las", tmp_path / "out.las", recolored=True)
    out = laspy.read(tmp_path / "out.las")
    for name in ("red", "green", "blue"):
        np.testing.assert_array_equal(out[name], np.arange(60) * 257)
    write_random(tmp_path / "grey.las", 6)
    with pytest.raises(InputError, match=r"out\.las: points of LAS format 6 have no place for colours: .* \.ply"):
        copy(tmp_path / "grey.las", tmp_path / "out.las", recolored=True)


@pytest.mark.parametrize(
    "point_format, labels, told",
    [
        (3, range(32), None),
        (3, range(33), "hold labels from 0 to 31, but there is 32: another format holds it, .ply for example"),
        (5, (2, 5, 40), "there is 40: another format holds it, .ply for example, and so do class indices (--indices)"),
        (6, range(256), None),
        (6, (0, 256), "hold labels from 0 to 255, but there is 256"),
        (10, (-1, 0), "there is -1: another format holds it"),
    ],
)
def test_labels_that_do_not_fit_are_refused_before_any_work(
    point_format: int, labels: range | tuple[int, ...], told: str | None, tmp_path: Path
) -> None:
    write_random(tmp_path / "in.las", point_format)
    target, stream = Target(LasFile(tmp_path / "in.las"), ADDED, tuple(labels)), io.BytesIO()
    if told is None:
        writer_of(tmp_path / "out.las", stream, target)
    else:
        with pytest.raises(InputError) as error:
            writer_of(tmp_path / "out.las", stream, target)
        assert str(error.value).startswith(f"{tmp_path / 'out.las'}: ") and told in str(error.value)
    assert not stream.getvalue()


def test_a_label_that_was_not_announced_is_refused(tmp_path: Path) -> None:
    write_random(tmp_path / "in.las", 3)
    file = LasFile(tmp_path / "in.las")
    writer = writer_of(tmp_path / "out.las", io.BytesIO(), Target(file, ADDED))
    writer.begin(SURVEY, (1.0, 1.0, 1.0))
    rows = next(file.rows())
    for label in (32, -1):
        values = {"label": np.full(len(rows), label), "confidence": np.zeros(len(rows), np.float32)}
        with pytest.raises(InputError, match=r"out\.las: labels reach from .* beyond 0 to 31"):
            writer.write(rows, values)


def test_waveforms_of_several_scanner_channels_are_not_packed(tmp_path: Path) -> None:
    """lazrs loses them; LAS keeps them."""
    las = write_random(tmp_path / "in.las", 9)
    las.scanner_channel[30:] = 1
    las.write(str(tmp_path / "in.las"))
    with pytest.raises(InputError, match=r"out\.laz: waveforms of several scanner channels, which .*in\.las has"):
        copy(tmp_path / "in.las", tmp_path / "out.laz")
    copy(tmp_path / "in.las", tmp_path / "out.las")
    assert laspy.read(tmp_path / "out.las").x_t.tobytes() == las.x_t.tobytes()


@pytest.mark.parametrize("point_format", [4, 5])
def test_packed_waveforms_are_called_what_laszip_calls_them(point_format: int, tmp_path: Path) -> None:
    """LASzip reads (type, bytes, version) = (9, 29, 1) alone."""
    write_random(tmp_path / "in.las", point_format)
    copy(tmp_path / "in.las", tmp_path / "out.laz")
    record = next(data for head, data in records(tmp_path / "out.laz")[0] if head[2:16] == b"laszip encoded")
    items = [struct.unpack_from("<3H", record, place) for place in range(34, len(record), 6)]
    assert (9, 29, 1) in items and [item[2] for item in items if item[0] != 9] == [2] * (len(items) - 1)


def test_more_dimensions_than_las_can_hold_are_refused(tmp_path: Path) -> None:
    (tmp_path / "in.las").write_bytes(
        las_bytes(plain_points(9, 0, 360), 9, point_size=360, vlrs=[(b"LASF_Spec", 4, descriptor(b"a", 1) * 340)])
    )
    with pytest.raises(InputError, match=r"out\.las: 342 extra dimensions and points of 365 bytes are more than LAS"):
        copy(tmp_path / "in.las", tmp_path / "out.las")


@pytest.mark.parametrize("name", ["laspy", "lazrs"])
def test_without_its_libraries_a_sentence_says_what_to_install(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_random(tmp_path / "in.las", 3)
    target = Target(LasFile(tmp_path / "in.las"), ADDED)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=rf"out\.laz: writing it needs {name}: make setup"):
        writer_of(tmp_path / "out.laz", io.BytesIO(), target)


@pytest.mark.parametrize("ending", [".las", ".laz"])
def test_a_full_disk_is_an_error_of_the_system(ending: str, tmp_path: Path) -> None:
    write_random(tmp_path / "in.las", 3, 5000)
    with files_end_at(20_000), pytest.raises(OSError, match="File too large"):
        copy(tmp_path / "in.las", tmp_path / f"out{ending}", 5000)


@pytest.mark.parametrize("ending", [".las", ".laz"])
def test_labels_beside_the_classification_do_not_pass_for_those_that_are_written(ending: str, tmp_path: Path) -> None:
    las = laspy.create(file_version="1.4", point_format=6)
    las.x = las.y = las.z = np.arange(40.0)
    names = ["Label", "labels", "class", "scalar_Class", "scalar_Classification", "semantic"]
    for name in names:
        las.add_extra_dim(laspy.ExtraBytesParams(name, np.uint8))
        las[name] = np.full(40, len(name), np.uint8)
    las.write(str(tmp_path / f"in{ending}"))
    after = copy(tmp_path / f"in{ending}", tmp_path / f"out{ending}").read().columns
    assert find_label(after) == "classification"
    np.testing.assert_array_equal(after["classification"], labels_of(40))
    for name in names:
        assert set(after[f"{name}_input" if name in names[:4] else name]) == {len(name)}
