from __future__ import annotations

import numpy as np
import pytest

from bscnet.datasets.real.height import above_ground


def test_the_ground_is_the_first_percentile_and_no_stray_point() -> None:
    points = np.zeros((1001, 3))
    points[:, 2] = np.arange(1001) / 100
    assert above_ground(points)[[0, 10, 1000]] == pytest.approx([-0.1, 0.0, 9.9])
    points[0, 2] = -1000
    assert above_ground(points)[10] == pytest.approx(0.0)
