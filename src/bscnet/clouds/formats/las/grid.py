"""The whole numbers in which LAS stores coordinates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError

_USUAL, _FINEST, _COARSEST = -4, -300, 308
"""Exponents of steps: 0.0001 of a cloud's own unit is fine enough for all but small clouds."""

_ACROSS = 1e5

_LARGEST = 2**31 - 2


class Grid:
    """Steps of powers of ten: 0.0001, or the next finer one that leaves 100 000 of them across a small extent.

    Where 32 bits do not hold the extent in such steps, they are the next coarser ones with which they do.

    Args:
        path: of the file that is to be written, for the error.
        low, high: of the points, (3,), in the cloud's own unit.

    Attributes:
        scales: a step along x, y and z.
        offsets: where they count from, the lowest coordinates, rounded down to whole numbers where the steps reach
            from there.

    Raises:
        InputError: the points are too far from each other or from the origin.
    """

    def __init__(self, path: Path, low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> None:
        found = [_line(*ends) for ends in zip(low.tolist(), high.tolist(), strict=True)]
        lines = [line for line in found if line is not None]
        if len(lines) < len(found):
            raise InputError(f"{path}: the points reach from {low} to {high}, too far for LAS")
        self.offsets, self.scales = np.array(lines, np.float64).T.copy()
        self._low, self._high = np.full(3, _LARGEST, np.int64), np.full(3, -_LARGEST, np.int64)

    def steps(self, axis: int, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """The whole numbers of coordinates (P,) along an axis, P >= 1."""
        found = np.rint((values.astype(np.float64) - self.offsets[axis]) / self.scales[axis])
        self._low[axis] = min(self._low[axis], found.min())
        self._high[axis] = max(self._high[axis], found.max())
        return found

    @property
    def bounds(self) -> list[float]:
        """Largest and smallest x of what was asked for, then y, then z, as the file holds them."""
        ends = np.stack([self._high, self._low], axis=1) * self.scales[:, None] + self.offsets[:, None]
        return [float(end) for end in ends.ravel()]


def _line(low: float, high: float) -> tuple[float, float] | None:
    """Offset and step of an axis; None where there are none."""
    if not np.isfinite(high - low):
        return None
    if low == high:
        return low, _power(_USUAL)
    whole = float(np.floor(low))
    finer = (_power(one) for one in range(_USUAL, _FINEST, -1))
    step = next((one for one in finer if (high - low) / one >= _ACROSS), _power(_FINEST))
    if step < _power(_USUAL):
        return (whole if (high - whole) / step <= _LARGEST else low), step
    coarser = (_power(one) for one in range(_USUAL, _COARSEST + 1))
    return next(((whole, one) for one in coarser if (high - whole) / one <= _LARGEST), None)


def _power(exponent: int) -> float:
    return float(f"1e{exponent}")
