"""The sign of a monotone function of one float32 as a threshold: what batch norm and sign become in a model file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from bscnet.export.affine import Floats


def sign_threshold(function: Callable[[Floats], Floats], channels: int) -> tuple[Floats, npt.NDArray[np.uint8]]:
    """``(threshold, flip)`` so that ``function(x) >= 0`` is ``(x >= threshold) XOR flip`` for every finite float32 x.

    Found by bisection over the float32 numbers themselves, so it is exact whatever the function rounds.

    Args:
        function: ``(C,) -> (C,)``, channel by channel, monotone (rising or falling) in x; not NaN for finite x.
        channels: C.

    Returns:
        float32 thresholds, which are infinite where the sign never changes, and uint8 flips of 0 or 1.
    """
    largest = np.full(channels, np.finfo(np.float32).max, dtype=np.float32)
    at_low, at_high = function(-largest) >= 0, function(largest) >= 0
    low = np.full(channels, _ordered(-largest[:1])[0], dtype=np.int64)
    high = np.full(channels, _ordered(largest[:1])[0], dtype=np.int64)
    # The sign of `low` is that of the lowest number, the sign of `high` is the other one, until they are neighbours.
    while bool((high - low > 1).any()):
        middle = (low + high) // 2
        same = (function(_float(middle)) >= 0) == at_low
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    changes = at_low != at_high
    threshold = np.where(changes, _float(high), np.float32(-np.inf)).astype(np.float32)
    # Without a change everything is above -inf, and the flip says which sign that is.
    flip = np.where(changes, at_low, ~at_low)
    return threshold, flip.astype(np.uint8)


def _ordered(x: Floats) -> npt.NDArray[np.int64]:
    """Integers in the order of the float32 numbers; both zeros are 0."""
    bits = x.view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def _float(number: npt.NDArray[np.int64]) -> Floats:
    """The inverse of ``_ordered``."""
    magnitude = np.abs(number).astype(np.int32).view(np.float32)
    return np.where(number < 0, -magnitude, magnitude)
