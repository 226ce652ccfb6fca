"""What a type hint takes of the values that a configuration can hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from bscnet.training.hints import fits, in_words


@pytest.mark.parametrize(
    "hint, taken, refused",
    [
        (int, [1], [True, 1.5, "x", None]),
        (float, [1, 1.5], [True, "x"]),
        (bool, [True], [1, None]),
        (int | None, [1, None], ["x"]),
        (int | str | list[int], [1, "x", [1]], [1.5, True]),
        (Literal["a", 1], ["a", 1], ["b", True]),
        (dict[str, int], [{"a": 1}], [[1]]),
        (Any, [True, 1, "x", None], []),
        (tuple[float, float], [[0.9, 0.99]], []),
        (set[str], [["a"]], []),
        (Path | None, ["a/b", None], []),
    ],
)
def test_values_fit_hints(hint: Any, taken: list[Any], refused: list[Any]) -> None:
    assert [value for value in taken if not fits(value, hint)] == []
    assert [value for value in refused if fits(value, hint)] == []


def test_hints_are_told_as_one_types_values() -> None:
    assert in_words(int | float | None) == "a whole number, a number, null"
    assert in_words(Literal["norm", "value"]) == "norm, value"
