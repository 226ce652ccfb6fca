"""The one way from a file's colours to 8 bits, in any chunks."""

from __future__ import annotations

from functools import reduce
from operator import or_
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bscnet.clouds.colors import Span, eight_bit
from bscnet.errors import InputError
from fixtures.sites import PROPERTY

PATH = Path("a.ply")


def shades(channels: list[np.ndarray], described: str = "auto") -> np.ndarray:
    return eight_bit(channels, Span.of(channels).range(PATH, described))


@pytest.mark.parametrize(
    "kind, scale", [("f4", 1 / 255), ("f8", 1 / 255), ("f8", 1), ("u1", 1), ("i4", 1), ("u2", 257), ("u2", 256)]
)
def test_every_range_gives_back_eight_bits(kind: str, scale: float) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (500, 3)).astype(np.uint8)
    channels = [(rgb[:, index] * np.float64(scale)).astype(kind) for index in range(3)]
    np.testing.assert_array_equal(shades(channels), rgb)


def test_ranges_that_are_described() -> None:
    dark = [np.array([0, 200], np.uint16)] * 3
    assert shades(dark)[:, 0].tolist() == [0, 200] and shades(dark, "65535")[:, 0].tolist() == [0, 0]
    black_or_white = [np.array([0.0, 1.0])] * 3
    assert shades(black_or_white)[:, 0].tolist() == [0, 1] and shades(black_or_white, "1")[:, 0].tolist() == [0, 255]


@pytest.mark.parametrize(
    "values, described, sentence",
    [
        (
            [0, 300.0],
            "255",
            "a colour channel is 300, beyond the range 0..255 that 'colors:' of the",
        ),
        ([0, 1.5], "1", "a colour channel is 1.5, beyond the range 0..1"),
        ([0, 70000.0], "auto", "a colour channel is 70000, beyond the range 0..65535$"),
        ([-1.0, 5], "auto", "colours reach from -1 to 5, they must be finite and not negative"),
        ([np.nan, 5], "auto", "colours reach from nan to nan"),
        ([5, np.inf], "255", "colours reach from inf to inf"),
    ],
)
def test_colours_out_of_range(values: list[float], described: str, sentence: str) -> None:
    with pytest.raises(InputError, match=f"a.ply: {sentence}"):
        shades([np.array(values), np.zeros(2), np.zeros(2)], described)


@PROPERTY
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(["u1", "u2", "f4", "f8"]),
    top=st.sampled_from([1.0, 255.0, 65535.0, 7.0]),
    cuts=st.lists(st.integers(1, 39), max_size=5),
    bad=st.sampled_from([None, None, np.nan, np.inf, -3.0]),
)
def test_the_span_of_chunks_is_that_of_the_whole(
    seed: int, kind: str, top: float, cuts: list[int], bad: float | None
) -> None:
    rng = np.random.default_rng(seed)
    rgb = (rng.random((40, 3)) * min(top, 255 if kind == "u1" else top)).astype(kind)
    if bad is not None and kind in ("f4", "f8"):
        rgb[rng.integers(40), rng.integers(3)] = bad
    parts = [list(part.T) for part in np.split(rgb, sorted(set(cuts))) if len(part)]
    joined, whole = reduce(or_, map(Span.of, parts), Span()), Span.of(list(rgb.T))
    for described in ("auto", "1", "255", "65535"):
        assert outcome(joined, described) == outcome(whole, described)


def outcome(span: Span, described: str) -> str:
    try:
        return span.range(PATH, described)
    except InputError as error:
        return str(error)
