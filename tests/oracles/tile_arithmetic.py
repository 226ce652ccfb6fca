"""Products of tiles of bfloat16 numbers as Intel's manual defines TDPBF16PS, in exact fractions.

Denormal operands count as 0. Each result is rounded to 24 bits, to even on ties, and is 0 where it is
then below 2^-126.
"""

from __future__ import annotations

from fractions import Fraction

Matrix = list[list[Fraction]]

SMALLEST = Fraction(2) ** -126


def rounded(value: Fraction) -> Fraction:
    """To 24 bits, whatever the exponent; then what is denormal is 0."""
    last = _last_place(value, 24)
    nearest = round(value / last) * last  # round() goes to even on ties
    return nearest if abs(nearest) >= SMALLEST else Fraction(0)


def parts(value: float) -> list[Fraction]:
    """The low, middle and high number of 8 bits that add up to a float32 number, each cut off towards zero."""
    left, found = Fraction(value), []
    for _ in range(3):
        last = _last_place(left, 8)
        part = int(left / last) * last
        left -= part
        found.append(part if abs(part) >= SMALLEST else Fraction(0))
    assert left == 0
    return found[::-1]


def _last_place(value: Fraction, bits: int) -> Fraction:
    """What the last of the first bits of a number counts."""
    top = abs(value.numerator).bit_length() - value.denominator.bit_length()
    if abs(value) < Fraction(2) ** top:
        top -= 1
    return Fraction(2) ** (top - bits + 1)


def add_products(sums: Matrix, a: Matrix, b: Matrix) -> Matrix:
    """``sums + a @ b`` of one tile: a is (rows, 32), b (32, lanes)."""
    result = []
    for sum_row, a_row in zip(sums, a, strict=True):
        line = []
        for lane, total in enumerate(sum_row):
            chains = [Fraction(0), Fraction(0)]
            for place, number in enumerate(a_row):
                chains[place % 2] = rounded(chains[place % 2] + number * b[place][lane])
            line.append(rounded(total + rounded(chains[0] + chains[1])))
        result.append(line)
    return result
