"""Decimal numbers of text, many at once, against Python's own reading of each."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bscnet.clouds.formats.text.numbers import PAD, decimals

PROPERTY = settings(max_examples=150, deadline=None, derandomize=True, database=None)
PLAIN = re.compile(rb"[-+]?(?=(?:[^\de]*\d){1,19}[^\de]*(?:[eE]|\Z))(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,4})?")


def read(words: list[bytes], point: str = ".", around: bytes = b" ") -> tuple[np.ndarray, np.ndarray]:
    text, starts, ends = around * PAD, [], []
    for word in words:
        starts.append(len(text))
        text += word
        ends.append(len(text))
        text += around
    places = (np.array(column, dtype=np.int64) for column in (starts, ends))
    return decimals(np.frombuffer(text + around * PAD, np.uint8), *places, ord(point))


@st.composite
def numbers(draw: st.DrawFn) -> bytes:
    digits = draw(st.text("0123456789", min_size=1, max_size=draw(st.sampled_from([15, 22]))))
    place = draw(st.integers(-1, len(digits)))
    whole = digits if place < 0 else f"{digits[:place]}.{digits[place:]}"
    power = draw(st.just("") | st.integers(-400, 400).map("e{:+}".format) | st.integers(0, 30).map("E{:03}".format))
    return (draw(st.sampled_from(["", "-", "+"])) + whole + power).encode()


@PROPERTY
@given(st.lists(numbers(), min_size=1, max_size=40), st.sampled_from([b" ", b";", b"\n", b"9", b"-", b"e"]))
def test_numbers_are_the_nearest_doubles(words: list[bytes], around: bytes) -> None:
    values, valid = read(words, around=around)
    few = [place for place, word in enumerate(words) if b"e" not in word.lower() and len(word.strip(b"+-")) <= 16]
    assert valid[few].all()
    expected = np.array([float(word) for word in words])
    assert values[valid].tobytes() == expected[valid].tobytes()  # the sign of zero counts


@PROPERTY
@given(st.lists(st.binary(max_size=20) | st.text("0159.-+eE,x", max_size=9).map(str.encode), min_size=1, max_size=30))
def test_nothing_else_passes_for_a_number(words: list[bytes]) -> None:
    values, valid = read(words)
    assert all(PLAIN.fullmatch(word) for word, sound in zip(words, valid, strict=True) if sound)
    assert all(value == float(word) for word, value, sound in zip(words, values, valid, strict=True) if sound)


def test_a_comma_as_the_sign_of_the_broken_part() -> None:
    values, valid = read([b"1,5", b"1.5", b"-,25", b"7"], point=",")
    assert valid.tolist() == [True, False, True, True]
    assert values[valid].tolist() == [1.5, -0.25, 7.0]


@pytest.mark.parametrize("count", [1, 7, 1000])
def test_places_of_any_shape(count: int) -> None:
    rng = np.random.default_rng(0)
    expected = np.round(rng.uniform(-500_000, 6_000_000, (count, 3)), 4)
    words = [repr(value).encode() for value in expected.ravel().tolist()]
    text = b" " * PAD + b" ".join(words) + b" " * PAD
    lengths = np.array([len(word) + 1 for word in words])
    ends = PAD + np.cumsum(lengths) - 1
    starts = ends - lengths + 1
    values, valid = decimals(np.frombuffer(text, np.uint8), starts.reshape(-1, 3), ends.reshape(-1, 3), ord("."))
    assert valid.all() and valid.shape == (count, 3)
    np.testing.assert_array_equal(values, expected)
