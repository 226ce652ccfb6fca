"""Tiles cover every site once, and none is too large."""

from __future__ import annotations

import numpy as np
import pytest

from bscnet.errors import InputError
from bscnet.prediction.frame import coords_of
from bscnet.prediction.tiles import cut_tiles, plan_tiles


def keys_of(coords: np.ndarray) -> np.ndarray:
    x, y, z = (coords.astype(np.int64) + 32768).T
    return np.sort(x << 32 | y << 16 | z)


def scattered(count: int, extent: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.unique(rng.integers(0, extent, size=(count, 3)) - np.array(extent) // 2, axis=0)


@pytest.mark.parametrize("extent", [(50, 50, 4), (200, 10, 10), (1, 300, 2), (65000, 65000, 1)])
@pytest.mark.parametrize("margin", [0, 3, 8])
@pytest.mark.parametrize("max_sites", [800, 1500, 2900])
def test_each_site_is_kept_once_and_sees_its_margin(extent: tuple[int, int, int], margin: int, max_sites: int) -> None:
    coords = scattered(3000, extent)
    keys = keys_of(coords)
    np.testing.assert_array_equal(coords_of(keys), coords)
    columns = plan_tiles(keys, max_sites, margin)
    kept = np.zeros(len(keys), dtype=int)
    for tile in cut_tiles(keys, columns, margin):
        assert 0 < len(tile.rows) <= max_sites and (np.diff(tile.rows) > 0).all() and tile.kept.any()
        inner = tile.rows[tile.kept]
        kept[inner] += 1
        low, high = coords[inner, :2].min(axis=0) - margin, coords[inner, :2].max(axis=0) + margin
        needed = np.flatnonzero(((coords[:, :2] >= low) & (coords[:, :2] <= high)).all(axis=1))
        assert np.isin(needed, tile.rows).all()
    assert (kept == 1).all()


def test_too_small_a_limit_is_told() -> None:
    keys = keys_of(scattered(5000, (40, 40, 10)))
    with pytest.raises(InputError, match="more than max_sites=100 sites: raise that, or lower the margin"):
        plan_tiles(keys, 100, 16)
    with pytest.raises(InputError, match="max_sites"):
        plan_tiles(keys_of(scattered(500, (1, 1, 900))), 50, 0)
