"""LAS and LAZ from clouds of other formats, read back by laspy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import laspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bscnet
from bscnet.clouds.columns import find_column, find_label
from bscnet.clouds.fields import Field, Rows
from bscnet.clouds.file import CloudFile
from bscnet.clouds.formats.las.grid import Grid
from bscnet.clouds.formats.las.reader import LasFile
from bscnet.clouds.points import PointReader, Survey
from bscnet.clouds.reading import Reading
from bscnet.clouds.writer import Target, writer_of
from bscnet.errors import InputError

COUNT = 50
ADDED = (Field("label", np.dtype(np.int32)), Field("confidence", np.dtype(np.float32)))


class Arrays(CloudFile):
    """A cloud of arrays; none of the package's readers is needed."""

    def __init__(self, arrays: Mapping[str, np.ndarray], comments: tuple[str, ...] = ()) -> None:
        self.arrays, self.comments = arrays, comments
        fields = tuple(Field(name, array.dtype, array.shape[1:]) for name, array in arrays.items())
        super().__init__(Path("cloud.ply"), COUNT, fields)

    def _rows(self, size: int, names: frozenset[str]) -> Iterator[Rows]:
        for first in range(0, COUNT, size):
            yield Rows(first, {name: array[first : first + size] for name, array in self.arrays.items()})


def places(kind: str = "f8", spread: float = 40.0, origin: float = 0.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {axis: (rng.random(COUNT) * spread + origin).astype(kind) for axis in "xyz"}


def survey(file: CloudFile, units: str = "m", dropped: int = 0) -> tuple[Survey, tuple[float, float, float]]:
    reader = PointReader(file, Reading(units=units), [])
    surveyor = reader.surveyor()
    for chunk in reader.chunks():
        surveyor.add(chunk)
    found = surveyor.result()
    return Survey(found.low, found.high, found.kept - dropped, dropped, found.colors), reader.metres


def write(file: CloudFile, path: Path, units: str = "m", dropped: int = 0, **target: Any) -> laspy.LasData:
    """The file that is written, read by laspy."""
    return noted(file, path, units, dropped, **target)[0]


def noted(
    file: CloudFile, path: Path, units: str = "m", dropped: int = 0, **target: Any
) -> tuple[laspy.LasData, list[str]]:
    """The same and the writer's notes. Labels 0, 1, … and confidences, 17 points at a time; read by laspy."""
    with path.open("w+b") as stream:
        writer = writer_of(path, stream, Target(file, ADDED, tuple(range(COUNT)), **target))
        writer.begin(*survey(file, units, dropped))
        for rows in file.rows(17):
            numbers = np.arange(rows.first, rows.first + len(rows))
            added = {"label": numbers, "confidence": (numbers / 64).astype(np.float32)}
            if target.get("recolored"):
                added |= {name: (numbers * 3).astype(np.uint8) for name in ("red", "green", "blue")}
            writer.write(rows, added)
        writer.finish()
    LasFile(path)
    return laspy.read(path), writer.notes


@pytest.mark.parametrize("ending", [".las", ".laz"])
def test_places_labels_and_confidences_come_out(ending: str, tmp_path: Path) -> None:
    arrays = places(origin=5e6)
    out = write(Arrays(arrays), tmp_path / f"out{ending}")
    assert (str(out.header.version), out.header.point_format.id) == ("1.4", 6)
    assert out.header.scales.tolist() == [1e-4] * 3
    for index, axis in enumerate("xyz"):
        assert np.abs(np.array(out[axis]) - arrays[axis]).max() <= 0.5e-4 + 1e-9
        assert out.header.offsets[index] == np.floor(arrays[axis].min())
        assert (
            out.header.mins[index] == np.array(out[axis]).min() and out.header.maxs[index] == np.array(out[axis]).max()
        )
    assert out.classification.tolist() == list(range(COUNT))
    assert out["confidence"].tolist() == [index / 64 for index in range(COUNT)]
    assert set(np.array(out.return_number)) == set(np.array(out.number_of_returns)) == {1}
    assert out.header.number_of_points_by_return.tolist() == [COUNT] + [0] * 14
    assert out.header.point_count == COUNT and out.header.generating_software == f"bscnet {bscnet.__version__}"
    assert out.header.global_encoding.wkt and out.header.creation_date is not None


def test_every_column_has_a_place(tmp_path: Path) -> None:
    """Columns go to a standard dimension if it can hold all their values; names are made to fit."""
    rng = np.random.default_rng(1)
    numbers = {kind: rng.integers(0, 100, COUNT).astype(kind) for kind in "bBhHiIqQfd"}
    arrays = {
        **places(),
        "intensity": numbers["H"],
        "gps_time": numbers["d"],
        "return_number": numbers["B"] % 16,
        "number_of_returns": numbers["B"] % 8,
        "scan_angle": numbers["h"],
        "withheld": numbers["q"] % 2,  # not its type, but its values
        "scanner_channel": numbers["d"] % 4,
        "user_data": numbers["i"] + 200,
        "point_source_id": numbers["f"] + 0.5,
        "overlap": numbers["B"],
        "key_point": np.where(numbers["B"] > 5, np.nan, 1.0),
        "label": numbers["h"],
        "classification": numbers["B"],
        "Confidence": numbers["d"],
        "X": numbers["B"],
        "bit_fields": numbers["b"],
        "flag": numbers["B"] > 50,
        "half": numbers["f"].astype(np.float16),
        "whole": numbers["q"],
        "natural": numbers["Q"],
        "a name that is much longer than names of LAS": numbers["I"],
        "a name that is much longer than names of las": numbers["b"],
        "höhe über dem Boden des Zimmers": numbers["f"],
        "normal": rng.normal(size=(COUNT, 3)),
        "text": np.full(COUNT, "abc"),
    }
    out = write(Arrays(arrays), tmp_path / "out.laz")
    standard = (
        "intensity",
        "gps_time",
        "return_number",
        "number_of_returns",
        "scan_angle",
        "withheld",
        "scanner_channel",
    )
    for name in standard:
        np.testing.assert_array_equal(np.array(out[name]), arrays[name])
    beside = {
        "user_data_input": "user_data",
        "point_source_id_input": "point_source_id",
        "overlap_input": "overlap",
        "key_point_input": "key_point",
        "label_input": "label",
        "classification_input": "classification",
        "Confidence_input": "Confidence",
        "X_input": "X",
        "bit_fields_2": "bit_fields",
        "flag": "flag",
        "half": "half",
        "whole": "whole",
        "natural": "natural",
        "a name that is much longer than ": "a name that is much longer than names of LAS",
        "a name that is much longer tha_2": "a name that is much longer than names of las",
        "höhe über dem Boden des Zimmer": "höhe über dem Boden des Zimmers",
    }
    assert list(out.point_format.extra_dimension_names) == [*beside, "normal_0", "normal_1", "normal_2", "confidence"]
    for place, name in beside.items():
        expected = {np.dtype("?"): np.dtype("u1"), np.dtype("f2"): np.dtype("f4")}.get(
            arrays[name].dtype, arrays[name].dtype
        )
        assert out[place].dtype == expected, name
        np.testing.assert_array_equal(out[place], arrays[name].astype(expected))
    np.testing.assert_array_equal(out["normal_2"], arrays["normal"][:, 2])
    counts = np.bincount(arrays["return_number"], minlength=16)[1:]
    np.testing.assert_array_equal(out.header.number_of_points_by_return, counts)


@pytest.mark.parametrize(
    "channel, expected",
    [
        (np.arange(COUNT, dtype=np.uint8) * 5, np.arange(COUNT) * 5 * 257),
        (np.arange(COUNT, dtype=np.uint16) * 1000, np.arange(COUNT) * 1000),
        (np.linspace(0, 1, COUNT, dtype=np.float32), np.rint(np.linspace(0, 1, COUNT, dtype=np.float32) * 65535.0)),
        (np.arange(COUNT, dtype=np.float64) * 5, np.arange(COUNT) * 5 * 257),
        (np.arange(COUNT, dtype=np.int64) * 5, np.arange(COUNT) * 5 * 257),
    ],
)
def test_colours_of_every_range_fill_16_bits(channel: np.ndarray, expected: np.ndarray, tmp_path: Path) -> None:
    arrays = {**places(), "r": channel, "g": channel[::-1], "b": channel}
    out = write(Arrays(arrays), tmp_path / "out.las")
    assert out.header.point_format.id == 7
    np.testing.assert_array_equal(out.red, expected)
    np.testing.assert_array_equal(out.green, expected[::-1])
    out = write(Arrays(arrays), tmp_path / "out.las", recolored=True)
    np.testing.assert_array_equal(out.blue, np.arange(COUNT) * 3 * 257)
    assert list(out.point_format.extra_dimension_names) == ["confidence"]


def test_colours_of_classes_for_a_cloud_without_any(tmp_path: Path) -> None:
    out = write(Arrays(places()), tmp_path / "out.las", recolored=True)
    np.testing.assert_array_equal(out.red, np.arange(COUNT) * 3 * 257)


@settings(max_examples=100, deadline=None)
@given(low=st.floats(-1e12, 1e12), extent=st.floats(0, 1e15), share=st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_steps_are_the_finest_that_hold_the_extent(low: float, extent: float, share: list[float]) -> None:
    high = low + extent
    grid = Grid(Path("out.las"), np.full(3, low), np.full(3, high))
    step, offset = grid.scales[0], grid.offsets[0]
    assert offset <= low < offset + 1 + 1e-3
    across = (high - low) / step
    if 0 < high - low < 9.99:
        assert step < 1e-4 and (across >= 0.999e5 or step == 1e-300) and across <= 1.001e6
    elif step != 1e-4:
        assert step > 1e-4 and (high - offset) / (step / 10) > 2**31 - 2
    values = np.clip(low + extent * np.array([0.0, 1.0, *share]), low, high)
    steps = grid.steps(0, values)
    assert (steps >= 0).all() and (steps <= 2**31 - 1).all() and (steps == np.rint(steps)).all()
    rounding = 4 * np.spacing(max(abs(low), abs(high), 1 if step >= 1e-4 else 0))
    assert np.abs(steps * step + offset - values).max() <= step / 2 * (1 + 1e-9) + rounding
    assert grid.bounds[:2] == [steps.max() * step + offset, steps.min() * step + offset]


@pytest.mark.parametrize("extent", [9.0, 1e-2, 1e-5, 3e-9, 1e-40, 1e-305, 5e-324])
@pytest.mark.parametrize("low", [0.0, -0.7, 5e6])
def test_small_clouds_do_not_collapse(low: float, extent: float, tmp_path: Path) -> None:
    """Points that differ stay apart, at least where the extent is wide enough for 32 bits and a double."""
    line = low + np.linspace(0, 1, COUNT) * extent
    out = write(Arrays(dict.fromkeys("xyz", line)), tmp_path / "out.las")
    for axis in "xyz":
        found = np.array(out[axis])
        assert np.abs(found - line).max() <= max(1e-5 * extent, 1e-300) + 2 * np.spacing(abs(low))
        assert out.header.mins[0] == found.min() and out.header.maxs[0] == found.max()
    if extent > COUNT * 4 * np.spacing(abs(low)) and extent > 1e-290:
        assert len(np.unique(out.X)) == COUNT


def test_points_of_one_height_keep_it_to_the_bit(tmp_path: Path) -> None:
    out = write(Arrays({**places(), "z": np.full(COUNT, 0.123456789)}), tmp_path / "out.las")
    assert set(np.array(out.z)) == {0.123456789}


def test_a_cloud_that_is_large_has_coarser_steps_and_one_too_large_none(tmp_path: Path) -> None:
    far = {**places(), "x": np.linspace(-3e5, 3e6, COUNT)}
    out = write(Arrays(far), tmp_path / "out.las")
    assert out.header.scales.tolist() == [1e-2, 1e-4, 1e-4]
    with pytest.raises(InputError, match=r"out\.las: the points reach from .* to .*, too far for LAS"):
        write(Arrays({**places(), "x": np.where(np.arange(COUNT) % 2, 1.7e308, -1.7e308)}), tmp_path / "out.las")


def test_steps_are_of_the_clouds_own_unit(tmp_path: Path) -> None:
    arrays = places(spread=4000.0)
    out = write(Arrays(arrays), tmp_path / "out.las", units="mm")
    assert np.abs(np.array(out.x) - arrays["x"]).max() <= 0.5e-4 + 1e-9


def test_points_without_a_place_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"out\.las: 3 points of cloud\.ply .* not finite, .* another format does, \.ply"
    ):
        write(Arrays(places()), tmp_path / "out.las", dropped=3)


@pytest.mark.parametrize(
    "last, place", [(15, "return_number"), (16, "return_number_input"), (-1, "return_number_input")]
)
def test_one_value_decides_where_its_column_goes(last: int, place: str, tmp_path: Path) -> None:
    """Nothing is refused in the middle, and no dimension holds other values than the column."""
    returns = np.ones(COUNT, np.int64)
    returns[-1] = last
    out = write(Arrays({**places(), "return_number": returns}), tmp_path / "out.las")
    np.testing.assert_array_equal(np.array(out[place]), returns)
    times = np.array([2**53] * COUNT)
    assert (
        "gps_time_input"
        not in write(Arrays({**places(), "gps_time": times}), tmp_path / "out.las").point_format.dimension_names
    )
    out = write(Arrays({**places(), "gps_time": times + 1}), tmp_path / "out.las")
    np.testing.assert_array_equal(out["gps_time_input"], times + 1)


def test_comments_and_names_of_classes_are_records(tmp_path: Path) -> None:
    cloud = Arrays(places(), ("scanned in May",))
    write(cloud, tmp_path / "out.laz", comments=("labelled",), class_names={0: "floor", 1: "wall"})
    assert LasFile(tmp_path / "out.laz").comments == ("scanned in May", "labelled")
    lookup = laspy.read(tmp_path / "out.laz").header.vlrs.get("ClassificationLookupVlr")[0]
    assert [lookup[0], lookup[1], lookup[2]] == ["floor", "wall", ""]


def test_labels_that_do_not_fit_are_refused_before_any_work(tmp_path: Path) -> None:
    with (tmp_path / "out.las").open("w+b") as stream, pytest.raises(InputError, match="there is 300: .*--indices"):
        writer_of(tmp_path / "out.las", stream, Target(Arrays(places()), ADDED, (0, 300)))


@pytest.mark.parametrize(
    "name, values",
    [
        ("intensity", np.full(COUNT, -30, np.int16)),
        ("intensity", np.arange(COUNT) + 65500),
        ("user_data", np.full(COUNT, -5, np.int8)),
        ("scan_angle", np.full(COUNT, 40000, np.uint16)),
        ("synthetic", np.full(COUNT, -1, np.int8)),
        ("synthetic", np.arange(COUNT, dtype=np.uint8)),
        ("scanner_channel", np.full(COUNT, -1.0)),
        ("point_source_id", np.linspace(0, 1, COUNT, dtype=np.float16)),
        ("user_data", np.full(COUNT, np.inf, np.float32)),
        ("gps_time", np.full(COUNT, 2**63 - 1)),
        ("gps_time", np.full(COUNT, 2**64 - 1, np.uint64)),
    ],
)
@pytest.mark.parametrize("spelling", ["{}", "scalar_{}"])
def test_what_a_dimension_cannot_hold_is_kept_beside_it_with_a_word(
    name: str, values: np.ndarray, spelling: str, tmp_path: Path
) -> None:
    column = spelling.format(name.title())
    out, notes = noted(Arrays({**places(), column: values}), tmp_path / "out.las")
    place = f"{column}_input"
    assert out[place].dtype == np.result_type(values.dtype, np.uint8 if values.dtype != np.float16 else np.float32) or (
        out[place].dtype == values.dtype
    )
    np.testing.assert_array_equal(out[place], values)
    assert set(np.array(out[name])) == {0}
    assert notes == [
        f"the column '{column}' of the scan does not fit LAS's own '{name}' and is kept as '{place}'; "
        "the standard dimension is 0"
    ]


def test_returns_that_do_not_fit_are_told_to_be_one(tmp_path: Path) -> None:
    out, notes = noted(Arrays({**places(), "return_number": np.full(COUNT, 99)}), tmp_path / "out.las")
    assert set(np.array(out.return_number)) == {1} and notes[0].endswith("the standard dimension is 1")


@pytest.mark.parametrize("column", ["Intensity", "scalar_Intensity", "INTENSITY", "intensity"])
@pytest.mark.parametrize("kind", ["u2", "i4", "f4", "f8"])
def test_a_measured_value_is_found_again_whatever_its_spelling(column: str, kind: str, tmp_path: Path) -> None:
    values = (np.arange(COUNT) * 1000).astype(kind)
    out, notes = noted(Arrays({**places(), column: values}), tmp_path / "out.las")
    np.testing.assert_array_equal(out.intensity, values)
    after = LasFile(tmp_path / "out.las").read().columns
    found = find_column(after, column)
    assert found is not None and notes == []
    np.testing.assert_array_equal(after[found], values)


def test_of_two_columns_of_a_name_both_are_kept(tmp_path: Path) -> None:
    both = {name: np.arange(COUNT, dtype=np.uint16) + number for number, name in enumerate(("INTENSITY", "intensity"))}
    out, notes = noted(Arrays({**places(), **both, "scalar_intensity": np.ones(COUNT)}), tmp_path / "out.las")
    np.testing.assert_array_equal(out.intensity, both["intensity"])
    np.testing.assert_array_equal(out["INTENSITY_input"], both["INTENSITY"])
    assert set(out["scalar_intensity"]) == {1} and notes == []


OLD_LABELS = ["label", "Labels", "class", "CLASS", "scalar_Label", "Scalar_class", "classification"]


@pytest.mark.parametrize("column", [*OLD_LABELS, "scalar_Classification", "class_id", "semantic"])
def test_labels_of_the_scan_do_not_pass_for_those_that_are_written(column: str, tmp_path: Path) -> None:
    old = np.arange(COUNT)[::-1].astype(np.float32)
    out, notes = noted(Arrays({**places(), column: old}), tmp_path / "out.las")
    place = f"{column}_input" if column in OLD_LABELS else column
    np.testing.assert_array_equal(out[place], old)
    after = LasFile(tmp_path / "out.las").read().columns
    assert find_label(after) == "classification" and notes == []
    np.testing.assert_array_equal(after["classification"], np.arange(COUNT))
