from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from bscnet.datasets.real.lidar import RealLidarSource
from bscnet.datasets.real.places import BLOCK, BRIDGE
from bscnet.datasets.real.split import GAP, HELD_OUT, TRAIN, spatial_fold
from fixtures.real_clouds import folder_with


def test_a_hand_example() -> None:
    along = np.array([0.0, 0.9, 1.0, 1.5, 2.0, 2.9, 3.0, 5.0])
    parts = [spatial_fold(along, (1.0, 2.0), fold, 1.0).tolist() for fold in range(3)]
    assert parts == [
        [HELD_OUT, HELD_OUT, GAP, GAP, TRAIN, TRAIN, TRAIN, TRAIN],
        [TRAIN, GAP, HELD_OUT, HELD_OUT, GAP, GAP, TRAIN, TRAIN],
        [TRAIN, TRAIN, TRAIN, GAP, HELD_OUT, HELD_OUT, HELD_OUT, HELD_OUT],
    ]


@given(
    along=st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=40),
    cuts=st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=4, unique=True).map(sorted),
    gap=st.floats(0, 10),
)
def test_every_point_is_held_out_once_and_never_near_a_training_point(
    along: list[float], cuts: list[float], gap: float
) -> None:
    place = np.array(along)
    edges = [-np.inf, *cuts, np.inf]
    parts = np.stack([spatial_fold(place, cuts, fold, gap) for fold in range(len(cuts) + 1)])
    assert ((parts == HELD_OUT).sum(0) == 1).all()
    for part, low, high in zip(parts, edges[:-1], edges[1:], strict=True):
        away = np.maximum(np.maximum(low - place, place - high), 0)  # from the slab
        inside = (low <= place) & (place < high)
        assert ((part == HELD_OUT) == inside).all()
        sure = ~inside & (np.abs(away - gap) > 1e-9)
        assert (part[sure] == np.where(away[sure] < gap, GAP, TRAIN)).all()
        between = np.abs(place[part == TRAIN][:, None] - place[part == HELD_OUT])
        assert (between >= gap - 1e-9).all()


@pytest.mark.parametrize("site, gap", [(BLOCK, 1.0), (BLOCK, 0.0), (BRIDGE, 5.0)])
def test_no_held_out_point_of_a_site_is_within_the_gap_of_a_training_point(site, gap) -> None:
    root = folder_with(site.cloud)
    held_out = 0
    for fold in range(site.folds):
        source = RealLidarSource(root, site.cloud, fold, gap)
        train, val = (source.read(source.scenes(split)[0]).points for split in ("train", "val"))
        nearest, _ = cKDTree(train).query(val)
        assert nearest.min() >= gap
        parts = source.parts()
        assert (len(train), len(val)) == ((parts == TRAIN).sum(), (parts == HELD_OUT).sum())
        assert len(train) + len(val) + (parts == GAP).sum() + (parts == -1).sum() == len(parts)
        held_out += len(val)
    assert held_out == len(parts) - (parts == -1).sum()
