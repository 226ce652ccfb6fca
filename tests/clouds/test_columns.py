"""What files call their columns, and which of them are places, colours and labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bscnet.clouds.columns import Source, find_column, find_label, sources
from bscnet.clouds.fields import Field
from bscnet.errors import InputError

FLOAT, BYTE = np.dtype("f4"), np.dtype("u1")


def fields(*names: str, dtype: np.dtype = FLOAT) -> list[Field]:
    return [Field(name, dtype) for name in names]


def found(*given: Field, packed: tuple[str, ...] = ()) -> dict[str, Source]:
    return sources(Path("a.ply"), given, packed)


@pytest.mark.parametrize(
    "names",
    [
        ("red", "green", "blue"), ("Red", "Green", "Blue"), ("r", "g", "b"), ("R", "G", "B"), ("Rf", "Gf", "Bf"),
        ("diffuse_red", "diffuse_green", "diffuse_blue"),
    ],
)  # fmt: skip
def test_colours_by_every_spelling(names: tuple[str, str, str]) -> None:
    columns = found(*fields("X", "Y", "Z", *names))
    assert [columns[color] for color in ("red", "green", "blue")] == [Source(name) for name in names]
    assert [columns[axis] for axis in "xyz"] == [Source(axis) for axis in "XYZ"]
    assert set(columns) == {"x", "y", "z", "red", "green", "blue"}


def test_of_two_spellings_the_first_of_the_table_are_the_colours() -> None:
    both = fields("x", "y", "z", "diffuse_red", "diffuse_green", "diffuse_blue", "r", "g", "b")
    columns = found(*both)
    assert columns["red"] == Source("r") and columns["diffuse_red"] == Source("diffuse_red")


def test_a_red_without_a_green_is_no_colour() -> None:
    columns = found(*fields("x", "y", "z", "red", "blue"))
    assert "red" not in columns and columns["red alone"] == Source("red") and columns["blue alone"] == Source("blue")


@pytest.mark.parametrize("places", ["points", "xyz", "positions", "coord", "coords"])
@pytest.mark.parametrize("colors", ["colors", "colours", "rgb", "color"])
def test_arrays_of_three_values_a_point(places: str, colors: str) -> None:
    columns = found(Field(places, FLOAT, (3,)), Field(colors, BYTE, (3,)), Field("normal", FLOAT, (3,)))
    assert [columns[axis] for axis in "xyz"] == [Source(places, item) for item in range(3)]
    assert [columns[color] for color in ("red", "green", "blue")] == [Source(colors, item) for item in range(3)]
    assert columns["normal_2"] == Source("normal", 2)


def test_a_fourth_colour_is_the_opacity() -> None:
    columns = found(Field("points", FLOAT, (3,)), Field("colors", BYTE, (4,)))
    assert [columns[color] for color in ("red", "green", "blue")] == [Source("colors", item) for item in range(3)]


def test_packed_colours_are_taken_where_there_are_no_others() -> None:
    packed = Field("rgb", np.dtype("u4"))
    columns = found(*fields("x", "y", "z"), packed, packed=("rgb", "rgba"))
    assert [columns[color] for color in ("red", "green", "blue")] == [Source("rgb", shift=s) for s in (16, 8, 0)]
    columns = found(*fields("x", "y", "z", "r", "g", "b"), packed, packed=("rgb",))
    assert columns["red"] == Source("r") and columns["rgb"] == Source("rgb")


@pytest.mark.parametrize(
    "given, sentence",
    [
        (fields("x", "y"), "a.ply: the points have no column 'z', the columns are x, y"),
        ([], "no column 'x', the columns are none"),
        ([Field("points", FLOAT, (2,))], r"'points' has \(2,\) values a point, it must have 3"),
        ([Field("points", np.dtype("O"), (3,))], "column 'points' is of type object, it must hold numbers"),
        ([*fields("x", "y"), Field("z", np.dtype("U1"))], "column 'z' is of type <U1, it must hold numbers"),
    ],
)
def test_what_is_no_cloud(given: list[Field], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        found(*given)


def test_of_two_fields_of_one_meaning_the_best_is_taken_and_the_other_stays() -> None:
    columns = found(Field("coords", FLOAT, (3,)), Field("points", FLOAT, (3,)), *fields("x"))
    assert columns["x"] == Source("points", 0) and columns["coords_2"] == Source("coords", 2)
    assert columns["x alone"] == Source("x")
    columns = found(*fields("x", "y", "z", "red"), Field("rgb", BYTE, (3,)), Field("colors", BYTE, (3,)))
    assert columns["red"] == Source("colors", 0) and columns["red alone"] == Source("red") and "rgb_1" in columns
    columns = found(*fields("x", "y", "z", "red", "green", "blue"), Field("colors", BYTE, (3,)))
    assert columns["red"] == Source("red") and columns["colors_0"] == Source("colors", 0)


def test_every_number_has_a_column_of_its_own() -> None:
    given = [*fields("x", "y", "z", "red", "red alone", "feat_0"), Field("feat", FLOAT, (2,))]
    columns = found(*given)
    assert len(columns) == len(set(columns.values())) == 8
    assert columns["red alone"] == Source("red") and columns["red alone_2"] == Source("red alone")
    assert columns["feat_0_2"] == Source("feat", 0)


def test_the_fourth_byte_of_packed_colours_is_the_opacity_where_its_name_says_so() -> None:
    packed = Field("rgba", np.dtype("u4"))
    columns = found(*fields("x", "y", "z"), packed, packed=("rgb", "rgba"))
    assert columns["alpha"] == Source("rgba", shift=24) and columns["blue"] == Source("rgba", shift=0)


def test_columns_that_hold_no_numbers_are_left_alone() -> None:
    others = Field("note", np.dtype("O")), Field("day", np.dtype("M8[s]"))
    assert set(found(*fields("x", "y", "z"), *others)) == set("xyz")


def test_names_whatever_their_case_and_cloudcompares_prefix() -> None:
    columns = ["X", "scalar_Label", "Intensity", "intensity"]
    assert find_column(columns, "label") == "scalar_Label" and find_column(columns, "intensity") == "intensity"
    assert find_column(columns, "INTENSITY") == "Intensity" and find_column(columns, "heat") is None
    assert find_label(["classification", "Labels"]) == "Labels" and find_label(["x"]) is None
    assert find_label(["label", "truth"], "Truth") == "truth" and find_label(["label"], "truth") is None
