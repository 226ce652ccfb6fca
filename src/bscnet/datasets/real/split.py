"""Folds of one cloud in space: a slab is held out, what is near it is left out, the rest is trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

TRAIN, HELD_OUT, GAP = 0, 1, 2


def spatial_fold(along: npt.NDArray[np.floating], cuts: Sequence[float], fold: int, gap: float) -> npt.NDArray[np.int8]:
    """TRAIN, HELD_OUT or GAP for each of (P,) coordinates along one axis, each point exactly one of them.

    The held-out slab of `fold` reaches from the cut below it (included) to the cut above it (not included), without
    end at the cloud's ends. GAP are the points outside it and less than `gap` metres away from it: it is the training
    part that pays for the gap, so that over all folds every point is held out once.
    """
    edges = (-np.inf, *cuts, np.inf)
    low, high = edges[fold], edges[fold + 1]
    place = along.astype(np.float64)
    part = np.full(place.shape, TRAIN, dtype=np.int8)
    part[(place > low - gap) & (place < high + gap)] = GAP
    part[(place >= low) & (place < high)] = HELD_OUT
    return part
