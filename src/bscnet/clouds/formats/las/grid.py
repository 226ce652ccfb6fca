"""The whole numbers in which LAS stores coordinates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.errors import InputError

_FINEST = -4
"""Exponent of the finest step: 0.0001 of a cloud's own unit."""

_LARGEST = 2**31 - 2


class Grid:
    """Steps of the smallest power of ten from 0.0001 on with which 32 bits hold the extent.

    Args:
        path: of the file that is to be written, for the error.
        low, high: of the points, (3,), in the cloud's own unit.

    Attributes:
        scales: a step along x, y and z.
        offsets: where they count from, the lowest coordinates rounded down to whole numbers.

    Raises:
        InputError: the points are too far from each other or from the origin.
    """

    def __init__(self, path: Path, low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]) -> None:
        self.offsets = np.floor(low)
        steps = [_step(top - bottom) for bottom, top in zip(self.offsets.tolist(), high.tolist(), strict=True)]
        if None in steps or not np.isfinite(self.offsets).all():
            raise InputError(f"{path}: the points reach from {low} to {high}, too far for LAS")
        self.scales = np.array(steps, np.float64)
        self._low, self._high = np.full(3, _LARGEST, np.int64), np.zeros(3, np.int64)

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


def _step(extent: float) -> float | None:
    """The smallest power of ten with which 32 bits hold an extent; None where there is none."""
    exponents = range(_FINEST, 309)
    return next((float(f"1e{one}") for one in exponents if extent / float(f"1e{one}") <= _LARGEST), None)
