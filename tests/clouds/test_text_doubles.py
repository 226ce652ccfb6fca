"""Whole numbers times powers of ten as the nearest doubles, against Python's own reading of their text."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from bscnet.clouds.formats.text.doubles import nearest_doubles

RNG = np.random.default_rng(0)
COUNT = 20_000


def checked(digits: np.ndarray, powers: np.ndarray) -> float:
    """The share that is known; all of it is right."""
    values, known = nearest_doubles(digits, powers)
    expected = np.array([float(f"{a}e{b}") for a, b in zip(digits.tolist(), powers.tolist(), strict=True)])
    assert values[known].tobytes() == expected[known].tobytes()
    return float(known.mean())


@pytest.mark.parametrize("low, high", [(-345, 320), (-20, 1), (-8, 9)])
@pytest.mark.parametrize("most", [10**19, 10**17, 10**6])
def test_any_digits_and_powers(low: int, high: int, most: int) -> None:
    share = checked(RNG.integers(0, most, COUNT, np.uint64), RNG.integers(low, high, COUNT))
    assert share > (0.85 if low < -300 else 0.97)


def test_doubles_as_python_writes_them() -> None:
    doubles = RNG.integers(0, 2**63, COUNT, np.uint64).view(np.float64)
    doubles = doubles[np.isfinite(doubles) & (doubles > 1e-300)]
    parts = [Decimal(repr(double)).as_tuple() for double in doubles.tolist()]
    digits = np.array([int("".join(map(str, part.digits))) for part in parts], np.uint64)
    powers = np.array([part.exponent for part in parts])
    values, known = nearest_doubles(digits, powers)
    assert known.mean() > 0.99 and values[known].tobytes() == doubles[known].tobytes()


def test_numbers_next_to_the_middle_between_two_doubles() -> None:
    digits, powers = [], []
    for double in RNG.uniform(1, 9, COUNT // 4).tolist():
        middle = (Decimal(double) + Decimal(np.nextafter(double, 10))) / 2
        near = int(str(middle).replace(".", "")[:19])
        digits += [near, near + 1]
        powers += [1 - len(str(near))] * 2
    assert checked(np.array(digits, np.uint64), np.array(powers)) > 0.99


def test_the_middle_itself_is_left_to_others() -> None:
    digits = np.array([2**53 + 1, 2**53 + 3, 2**63 + 2**10, 2**54 + 2], np.uint64)
    assert not nearest_doubles(digits, np.zeros(4, np.int64))[1].any()


def test_numbers_around_powers_of_two_and_nothing() -> None:
    around = [number for power in range(64) for number in (2**power - 1, 2**power, 2**power + 1)] + [2**64 - 1, 0]
    assert checked(np.array(around, np.uint64), np.zeros(len(around), np.int64)) > 0.98
    values, known = nearest_doubles(np.zeros(3, np.uint64), np.array([-300, 0, 300]))
    assert known.all() and not values.any()
