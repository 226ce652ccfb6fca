"""T9: counted pairs equal brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from bscnet.cost.counts import count_levels, mean_counts
from bscnet.errors import InputError
from oracles.pair_counts import Site, coarser, composite_pairs, shifted_pairs

ALL_SHIFTS = tuple(itertools.product((-1, 0, 1), repeat=3))


def random_sites(seed: int, count: int, extent: int) -> set[Site]:
    rng = np.random.default_rng(seed)
    rows = np.concatenate([rng.integers(0, 2, (count, 1)), rng.integers(-extent, extent, (count, 3))], axis=1)
    return {(int(b), int(x), int(y), int(z)) for b, x, y, z in rows}


def as_tensor(sites: set[Site]) -> torch.Tensor:
    return torch.tensor(sorted(sites, key=hash), dtype=torch.int32)


@pytest.mark.parametrize(("seed", "count", "extent"), [(0, 300, 4), (1, 60, 2), (2, 40, 50), (3, 1, 3)])
def test_every_window_on_every_level(seed: int, count: int, extent: int) -> None:
    sites = random_sites(seed, count, extent)
    for level in count_levels(as_tensor(sites), 4):
        assert level.sites == len(sites)
        for shift in ALL_SHIFTS:
            assert level.window_pairs(shift) == shifted_pairs(sites, shift)
        assert level.all_pairs == composite_pairs(sites, ALL_SHIFTS)
        sites = coarser(sites)


def test_a_pair_and_its_mirror_make_opposite_shifts_equal() -> None:
    (level,) = count_levels(as_tensor(random_sites(5, 200, 4)), 1)
    for x, y, z in ALL_SHIFTS:
        assert level.window_pairs((x, y, z)) == level.window_pairs((-x, -y, -z))


def test_mean_over_scenes_is_the_mean_of_the_counts() -> None:
    scenes = [random_sites(seed, 100, 3) for seed in (7, 8, 9)]
    mean = mean_counts([count_levels(as_tensor(sites), 2) for sites in scenes])
    shift = (1, 0, -1)
    assert mean[0].window_pairs(shift) == pytest.approx(np.mean([shifted_pairs(s, shift) for s in scenes]))
    assert mean[1].sites == pytest.approx(np.mean([len(coarser(s)) for s in scenes]))


def test_no_scene_is_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        mean_counts([])
