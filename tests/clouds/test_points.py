"""Points as a network is given them: metres, 8-bit colours and scaled values, from any chunks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscnet.clouds.arrays import ArrayCloud
from bscnet.clouds.points import PointReader, Points, Survey
from bscnet.clouds.reading import Reading
from bscnet.clouds.units import UNITS, metres_of, unit_note
from bscnet.errors import InputError
from fixtures.sites import PROPERTY


def cloud(seed: int = 0, count: int = 50, holes: int = 0) -> ArrayCloud:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count, 3)) * [3, 2, 1] + [7, -5, 0]
    points[rng.permutation(count)[:holes], rng.integers(3)] = np.nan
    rgb, heat = rng.integers(0, 256, (count, 3)).astype(np.uint8), rng.normal(size=count).astype(np.float32)
    return ArrayCloud(points, rgb, {"heat": heat, "Intensity": rng.integers(0, 4096, count).astype(np.uint16)})


def read(file: ArrayCloud, reading: Reading, features: list[str], size: int = 10**6) -> tuple[Points, Survey]:
    reader = PointReader(file, reading, features)
    surveyor = reader.surveyor()
    for part in reader.chunks(size):
        surveyor.add(part)
    survey = surveyor.result()
    parts = [reader.points(part, survey) for part in reader.chunks(size)]

    def joined(pick: Any) -> Any:
        return np.concatenate([pick(part) for part in parts])

    x, y, z = (joined(lambda part, axis=axis: part.axes[axis]) for axis in range(3))
    values = {name: joined(lambda part, name=name: part.values[name]) for name in parts[0].values}
    return Points((x, y, z), joined(lambda part: part.colors), values, joined(lambda part: part.rows)), survey


@PROPERTY
@given(seed=st.integers(0, 999), size=st.integers(1, 60), holes=st.integers(0, 49), unit=st.sampled_from(list(UNITS)))
def test_chunks_are_the_definition(seed: int, size: int, holes: int, unit: str) -> None:
    file = cloud(seed, holes=holes)
    reading = Reading(units=unit, invalid_points="drop", scale={"intensity": (0.0, 4095.0)})
    points, survey = read(file, reading, ["rgb", "intensity", "heat"], size)
    columns = file.read().columns
    xyz = np.stack([columns[axis] for axis in "xyz"], axis=1)
    rows = np.flatnonzero(np.isfinite(xyz).all(axis=1))
    np.testing.assert_array_equal(points.rows, rows)
    np.testing.assert_array_equal(np.stack(points.axes, axis=1), xyz[rows] * UNITS[unit])
    np.testing.assert_array_equal(points.colors, np.stack([columns[c] for c in ("red", "green", "blue")], axis=1)[rows])
    np.testing.assert_array_equal(points.values["intensity"], columns["Intensity"][rows] / 4095.0 * 2 - 1)
    np.testing.assert_array_equal(points.values["heat"], columns["heat"][rows])
    np.testing.assert_array_equal(survey.low, xyz[rows].min(axis=0) * UNITS[unit])
    np.testing.assert_array_equal(survey.high, xyz[rows].max(axis=0) * UNITS[unit])
    assert (survey.kept, survey.dropped, survey.colors) == (50 - holes, holes, "255")


@pytest.mark.parametrize("size", [1, 7, 100])
def test_holes_are_refused_by_the_same_sentence_from_any_chunks(size: int) -> None:
    file = cloud(holes=3)
    first = int(np.flatnonzero(~file.read().finite)[0])
    sentence = f"points: 3 of 50 points have coordinates that are not finite, the first is point {first} "
    with pytest.raises(InputError, match=sentence):
        read(file, Reading(), ["one"], size)
    with pytest.raises(InputError, match="50 of 50 points have coordinates that are not finite, the first is point 0"):
        read(cloud(holes=50), Reading(invalid_points="drop"), ["one"], size)


def test_what_features_need() -> None:
    bare = ArrayCloud(np.zeros((2, 3)), None, {"echo": np.array([0.5, 1e60])})
    with pytest.raises(InputError, match=r"the points have no colours, but the features \['rgb'\] need them"):
        PointReader(bare, Reading(), ["rgb"])
    with pytest.raises(InputError, match="no column for the feature 'heat', the columns are x, y, z, echo"):
        PointReader(bare, Reading(), ["one", "heat"])
    with pytest.raises(InputError, match="the value 'echo' of point 1 is not finite"):
        read(bare, Reading(), ["echo"])
    points, survey = read(bare, Reading(), ["one", "height", "offset"])
    assert (points.colors == 128).all() and not points.values and survey.colors == "255"


class Stated(ArrayCloud):
    """A cloud whose file states its units."""

    can_state_units = True

    def __init__(self, units: str | None, height: str | None = None) -> None:
        super().__init__(np.ones((1, 3)))
        self.units, self.height_units = units, height


def test_what_a_file_states_comes_before_its_data_set() -> None:
    assert metres_of(Stated("us-ft"), "cm") == (UNITS["us-ft"],) * 3
    assert metres_of(Stated("ft", "m"), None) == (0.3048, 0.3048, 1.0)
    assert metres_of(Stated(None), "mm") == (0.001,) * 3 and metres_of(Stated(None), None) == (1.0,) * 3
    with pytest.raises(InputError, match="longitude and latitude in degrees, a unit of length is needed: project the"):
        PointReader(Stated("degree"), Reading(units="m"), ["one"])
    assert unit_note(Stated("ft"), "m") and unit_note(Stated(None), None)
    assert unit_note(Stated("m"), "m") is unit_note(Stated("ft"), None) is unit_note(cloud(), None) is None


def test_a_reading_goes_through_plain_values_and_back() -> None:
    full = Reading("cm", "65535", ("x", "y", "_", "z"), "drop", {"heat": (-1.0, 4.0)}, (2, 5, 6))
    assert Reading.from_dict(full.as_dict()) == full and Reading.from_dict(Reading().as_dict()) == Reading()
    assert replace(full, labels=()) != full


@pytest.mark.parametrize(
    "arrays, sentence",
    [
        ((np.zeros((4, 2)), None), r"points is of type float64 and shape \(4, 2\), numbers of shape \(P, 3\)"),
        ((np.zeros((4, 3), object), None), "points is of type object"),
        (
            (np.zeros((4, 3)), np.zeros((3, 3))),
            r"colors is of type float64 and shape \(3, 3\), numbers of shape \(4, 3\)",
        ),
        (
            (np.zeros((4, 3)), None, {"heat": np.zeros((4, 1))}),
            r"heat is of .* shape \(4, 1\), numbers of shape \(4,\)",
        ),
        ((np.zeros((0, 3)), None), "points: the file has no points"),
        ((5.0, None), "points is of type float64"),
    ],
)
def test_arrays_that_are_no_cloud(arrays: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        ArrayCloud(*arrays)
