"""Logits that are not finite are no labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bscnet.errors import InputError
from bscnet.prediction.classify import classify
from bscnet.prediction.progress import Silence
from bscnet.prediction.voxel_sums import VoxelSums
from bscnet.runtime import Times


class _Answers:
    num_classes = 3

    def __init__(self, odd: float) -> None:
        self.odd = odd

    def timed(self, coords: np.ndarray, feats: np.ndarray) -> tuple[np.ndarray, Times]:
        logits = np.zeros((len(coords), 3), np.float32)
        logits[-1, 1] = self.odd
        return logits, Times()


def _labels(odd: float) -> Any:
    keys = np.arange(5, dtype=np.int64) + (32768 << 32 | 32768 << 16 | 32768)
    voxels = VoxelSums(keys, np.zeros((5, 1), np.int64), np.ones(5, np.int64))
    feats = np.zeros((5, 1), np.float32)
    return classify(_Answers(odd), voxels, lambda _: feats, max_sites=10, margin=1, progress=Silence())


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(odd: float) -> None:
    with pytest.raises(InputError, match="the network gives values that are not finite"):
        _labels(odd)


def test_finite_ones_however_large_are_labels() -> None:
    found = _labels(1e38)
    assert found.labels.tolist() == [0, 0, 0, 0, 1]
    np.testing.assert_allclose(found.confidence, [1 / 3] * 4 + [1])
