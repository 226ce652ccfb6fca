"""Tiles cover every site once, none is too large; the receptive field is a true bound, and a tight one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bscnet import runtime
from bscnet.errors import InputError
from bscnet.prediction.frame import coords_of
from bscnet.prediction.receptive_field import receptive_radius
from bscnet.prediction.tiles import cut_tiles, plan_tiles
from fixtures.model_files import ModelParts, random_program


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


def program_of(*instructions: dict[str, Any], levels: int = 3) -> dict[str, Any]:
    """A description with one value a instruction, `level` of each given beside it."""
    values = [["real", 0, 1], *(["real", about.pop("level"), 1] for about in instructions)]
    numbered = [{**about, "out": number + 1} for number, about in enumerate(instructions)]
    return {"levels": levels, "values": values, "instructions": numbered, "output": len(instructions)}


def conv(source: int, level: int, geometry: str = "submanifold", *shifts: list[int]) -> dict[str, Any]:
    about: dict[str, Any] = {"op": "conv", "geometry": geometry, "in": source, "bits": -1, "steps": [], "level": level}
    return {**about, "shifts": list(shifts) or [[0, 0, 0]]} if geometry == "submanifold" else about


def test_radius_worked_out_by_hand() -> None:
    assert receptive_radius(program_of(conv(0, 0, "pointwise"))) == 0
    assert receptive_radius(program_of(conv(0, 0))) == 1
    assert receptive_radius(program_of(conv(0, 0), conv(1, 0), conv(2, 0))) == 3
    assert receptive_radius(program_of(conv(0, 0, "submanifold", [0, 0, 0], [0, -1, 0]))) == 2
    # down, 3x3x3 of cells twice as wide, up: 2 voxels of window and the sibling of the own cell
    assert receptive_radius(program_of(conv(0, 1, "strided"), conv(1, 1), conv(2, 0, "transposed"))) == 3
    # the same by pooling and adding the parent's value
    pool = {"op": "pool", "kind": "avg", "in": 0, "level": 1}
    add = {"op": "map", "in": 0, "bits": -1, "steps": [["add", 2]], "level": 0}
    assert receptive_radius(program_of(pool, conv(1, 1), add)) == 3
    # from two levels up a cell of 4 covers 3 voxels more; concat takes the farthest of its parts
    cat = {"op": "concat", "in": [0, 2], "level": 1}
    up = conv(3, 0, "transposed")
    assert receptive_radius(program_of(conv(0, 1, "strided"), conv(1, 2, "strided"), cat, up)) == 3


@pytest.mark.parametrize("seed", range(12))
def test_what_is_beyond_the_radius_does_not_matter(seed: int) -> None:
    """Other features there, and no sites there, leave a site's logits as they are to the bit."""
    parts: ModelParts = random_program(seed, levels=3, length=9, max_channels=17)
    radius = receptive_radius(parts.description)
    session = runtime.loads(parts.to_bytes())
    rng = np.random.default_rng(seed)
    coords = np.unique(np.concatenate([rng.integers(-radius - 6, radius + 6, (900, 3)), [[0, 0, 0]]]), axis=0)
    feats = rng.normal(size=(len(coords), 3))
    centre = int(np.flatnonzero((coords == 0).all(axis=1))[0])
    near = np.abs(coords).max(axis=1) <= radius
    assert near.any() and not near.all()
    wanted = session(coords, feats)[centre]
    changed = np.where(near[:, None], feats, 5 * rng.normal(size=feats.shape))
    np.testing.assert_array_equal(session(coords, changed)[centre], wanted)
    alone = session(coords[near], feats[near])
    np.testing.assert_array_equal(alone[np.flatnonzero(near).searchsorted(centre)], wanted)
