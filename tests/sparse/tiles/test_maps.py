"""Kernel maps of the Triton engine: what its kernels make, what PyTorch's operators make, and what sites say."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import Tensor

from bscnet.errors import InputError
from bscnet.sparse import kernel_offsets
from bscnet.sparse.coordinates import coordinate_keys
from bscnet.sparse.tiles import available, entries
from bscnet.sparse.tiles.reading import TILE, Reading
from bscnet.sparse.tiles.reference import source_rows
from bscnet.sparse.tiles.runs import find_runs, link_levels, sorted_keys
from bscnet.sparse.tiles.sites import TileSites
from bscnet.sparse.tiles.tile_lists import TileLists, tiles_by_entry
from fixtures.site_sets import SHAPES, site_set
from fixtures.sites import full_cube, random_sites

pytestmark = pytest.mark.skipif(not available(), reason="Triton is not installed")
TETRA = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))
READINGS = ("cube 3", "cube 5", "shifted", "shifted back", "some", "down", "up")
shapes = pytest.mark.parametrize("shape", SHAPES)


def sites_of_shape(shape: str) -> Tensor:
    return torch.from_numpy(site_set(shape, size=30))


def by_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on no kernel runs."""
    monkeypatch.setenv("TRITON_INTERPRET", "0")


@shapes
def test_kernels_make_the_maps_that_operators_make(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    coords = sites_of_shape(shape)
    order = sorted_keys(coords, coords.new_empty(0)).argsort().int()
    made = [sorted_keys(coords, order), find_runs(coords, order, 3), find_runs(coords, order, 5), *link_levels(coords)]
    by_torch(monkeypatch)
    expected = [sorted_keys(coords, order), find_runs(coords, order, 3), find_runs(coords, order, 5)]
    for one, other in zip(made, [*expected, *link_levels(coords)], strict=True):
        assert torch.equal(one, other)
    assert torch.equal(made[0], coordinate_keys(coords).sort().values)


@shapes
@pytest.mark.parametrize("side", [3, 5])
def test_runs_name_every_neighbour(shape: str, side: int) -> None:
    coords = sites_of_shape(shape)
    sites = TileSites(coords)
    reading = sites._cube((entries.cube(side),), side)
    place = {tuple(site): row for row, site in enumerate(coords.tolist())}
    for offset in kernel_offsets(side).tolist():
        expected = [
            (row, place[at])
            for (b, x, y, z), row in place.items()
            if (at := (b, x + offset[0], y + offset[1], z + offset[2])) in place
        ]
        to, source = source_rows(reading, entries.place_of(tuple(offset)))
        assert list(zip(to.tolist(), source.tolist(), strict=True)) == sorted(expected)


def test_the_wider_table_replaces_the_narrower() -> None:
    sites = TileSites(random_sites())
    narrow = sites._cube((entries.cube(3),), 3)
    assert narrow.table.shape == (60, 9)
    assert sites._cube((entries.cube(5),), 5).table is sites._runs
    wide = sites._cube((entries.cube(3),), 3)
    assert wide.table.shape == (60, 25) and wide.perm is narrow.perm
    assert torch.equal(wide.table.view(60, 5, 5)[:, 1:4, 1:4].reshape(60, 9) >> 1 & 7, narrow.table & 7)


def held(reading: Reading, group: int, rows: list[int]) -> list[int]:
    """Entries that some of the rows have."""
    present = []
    for entry in reading.entries[group].tolist():
        to, _ = source_rows(reading, entry & (1 << entries.PLACE_BITS) - 1)
        if set(to.tolist()) & set(rows):
            present.append(entry)
    return present


@cache
def readings() -> dict[str, Reading]:
    sites = TileSites(random_sites(300, 9, 1))
    return {
        "cube 3": sites._cube((entries.cube(3),), 3),
        "cube 5": sites._cube((entries.cube(5),), 5),
        "shifted": sites._cube(entries.shifted(TETRA), 5),
        "shifted back": sites._cube((entries.shifted_back(TETRA),), 5, groups_in=4),
        "some": sites._cube((entries.some_cells((3, 62, 70), False),), 5),
        "down": sites._children,
        "up": sites._parents,
    }


@pytest.mark.parametrize("name", READINGS)
def test_each_tile_lists_the_cells_of_its_sites(name: str) -> None:
    reading = readings()[name]
    tiles_of, tile_counts = tiles_by_entry(TileLists(reading.entries, reading.perm, reading.lists, reading.counts))
    for group in range(reading.groups):
        perm = reading.perm[group].tolist()
        assert sorted(perm) == list(range(reading.rows))
        lists = []
        for tile, count in enumerate(reading.counts[group].tolist()):
            lists.append(reading.lists[group, tile, :count].tolist())
            assert lists[-1] == held(reading, group, perm[tile * TILE : (tile + 1) * TILE])
        for at, entry in enumerate(reading.entries[group].tolist()):
            tiles = [tile for tile, listed in enumerate(lists) if entry in listed]
            assert tiles_of[group, at, : tile_counts[group, at]].tolist() == tiles


def test_rows_in_the_order_of_keys_need_no_order() -> None:
    coords = full_cube(3)
    assert not len(TileSites(coords)._order)
    assert TileSites(coords.flip(0))._order.tolist() == list(range(26, -1, -1))
    assert not len(TileSites(coords.flip(0)).coarser._order)


def test_a_site_twice_is_refused() -> None:
    with pytest.raises(InputError, match="1 of 28 sites are duplicates"):
        TileSites(torch.cat([full_cube(3), full_cube(1)]))
