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
    """Labels 0, 1, … and confidences, 17 points at a time; read by laspy."""
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
    return laspy.read(path)


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
        "user_data_2": "user_data",
        "point_source_id_2": "point_source_id",
        "overlap_2": "overlap",
        "key_point_2": "key_point",
        "label_input": "label",
        "classification_input": "classification",
        "Confidence_input": "Confidence",
        "X_2": "X",
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
    assert step == 1e-4 or (high - offset) / (step / 10) > 2**31 - 2
    values = np.clip(low + extent * np.array([0.0, 1.0, *share]), low, high)
    steps = grid.steps(0, values)
    assert (steps >= 0).all() and (steps <= 2**31 - 1).all() and (steps == np.rint(steps)).all()
    assert np.abs(steps * step + offset - values).max() <= step / 2 + 4 * np.spacing(max(abs(low), abs(high), 1))
    assert grid.bounds[:2] == [steps.max() * step + offset, steps.min() * step + offset]


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


@pytest.mark.parametrize("last, place", [(15, "return_number"), (16, "return_number_2"), (-1, "return_number_2")])
def test_one_value_decides_where_its_column_goes(last: int, place: str, tmp_path: Path) -> None:
    """Nothing is refused in the middle, and no dimension holds other values than the column."""
    returns = np.ones(COUNT, np.int64)
    returns[-1] = last
    out = write(Arrays({**places(), "return_number": returns}), tmp_path / "out.las")
    np.testing.assert_array_equal(np.array(out[place]), returns)
    times = np.array([2**53] * COUNT)
    assert (
        "gps_time_2"
        not in write(Arrays({**places(), "gps_time": times}), tmp_path / "out.las").point_format.dimension_names
    )
    out = write(Arrays({**places(), "gps_time": times + 1}), tmp_path / "out.las")
    np.testing.assert_array_equal(out["gps_time_2"], times + 1)


def test_comments_and_names_of_classes_are_records(tmp_path: Path) -> None:
    cloud = Arrays(places(), ("scanned in May",))
    write(cloud, tmp_path / "out.laz", comments=("labelled",), class_names={0: "floor", 1: "wall"})
    assert LasFile(tmp_path / "out.laz").comments == ("scanned in May", "labelled")
    lookup = laspy.read(tmp_path / "out.laz").header.vlrs.get("ClassificationLookupVlr")[0]
    assert [lookup[0], lookup[1], lookup[2]] == ["floor", "wall", ""]


def test_labels_that_do_not_fit_are_refused_before_any_work(tmp_path: Path) -> None:
    with (tmp_path / "out.las").open("w+b") as stream, pytest.raises(InputError, match="there is 300: .*--indices"):
        writer_of(tmp_path / "out.las", stream, Target(Arrays(places()), ADDED, (0, 300)))
