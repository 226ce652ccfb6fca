"""Invariants: every pair obeys in = stride * out + offset, and every valid triple is there once."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bscnet.sparse.coordinates import MAX_COORD, MIN_COORD
from bscnet.sparse.kernel_map import NeighbourTable, build_table, table_by_grid, table_by_search
from fixtures.sites import PROPERTY, full_cube, random_sites, site_lists
from oracles.sparse_convolution import cube_cells, moved

Triples = set[tuple[int, int, int]]


def table_of(coords: Tensor, size: int) -> NeighbourTable:
    return build_table(coords, size)


def valid_triples(coords: Tensor, size: int) -> Triples:
    """(cell, output row, input row) of every two sites that a cell joins."""
    row_of = {tuple(site): row for row, site in enumerate(coords.tolist())}
    return {
        (number, row, row_of[moved(site, cell)])
        for site, row in row_of.items()
        for number, cell in enumerate(cube_cells(size))
        if moved(site, cell) in row_of
    }


def check_table(coords: Tensor, size: int) -> None:
    expected = valid_triples(coords, size)
    table = table_of(coords, size)
    listed = [
        (cell, out, source)
        for cell, (outs, sources) in enumerate(table.pairs)
        for out, source in zip(outs.tolist(), sources.tolist(), strict=True)
    ]
    assert len(listed) == len(set(listed))
    assert set(listed) == expected
    n = len(coords)
    assert table.table.shape == (n, size**3)
    in_table = {
        (cell, row, source) for row, line in enumerate(table.table.tolist()) for cell, source in enumerate(line)
    }
    assert {triple for triple in in_table if triple[2] != n} == expected
    assert table.counts.tolist() == [sum(t[0] == cell for t in expected) for cell in range(size**3)]


@pytest.mark.parametrize("size", [3, 5])
@PROPERTY
@given(coords=site_lists())
def test_table_and_pairs_hold_every_valid_triple_once(size: int, coords: Tensor) -> None:
    check_table(coords, size)


@pytest.mark.parametrize("size", [3, 5])
@PROPERTY
@given(
    coords=st.lists(
        st.tuples(st.integers(0, 1), *[st.sampled_from([MIN_COORD, MIN_COORD + 1, 0, MAX_COORD - 1, MAX_COORD])] * 3),
        min_size=1,
        max_size=30,
        unique=True,
    ).map(torch.tensor)
)
def test_no_neighbour_across_the_ends_of_an_axis(size: int, coords: Tensor) -> None:
    check_table(coords, size)


@pytest.mark.parametrize("size", [3, 5])
def test_one_site_is_its_only_neighbour(size: int) -> None:
    table = table_of(torch.tensor([[1, -3, 2, 7]]), size)
    assert int(table.counts.sum()) == 1
    assert int(table.table[0, size**3 // 2]) == 0


def test_full_cube_has_the_counts_of_a_cube() -> None:
    # along an axis of 4 sites a step of d leaves 4 - |d| of them inside
    counts = [(4 - abs(x)) * (4 - abs(y)) * (4 - abs(z)) for x, y, z in cube_cells(5)]
    assert table_of(full_cube(4), 5).counts.tolist() == counts


def test_batches_do_not_see_each_other() -> None:
    cube = full_cube(3)
    other = cube.clone()
    other[:, 0] = 1
    both = table_of(torch.cat([cube, other]), 3)
    assert int(both.counts.sum()) == 2 * int(table_of(cube, 3).counts.sum())


def test_rows_follow_the_order_given() -> None:
    coords = random_sites()
    order = torch.randperm(len(coords))
    place = torch.empty(len(order) + 1, dtype=torch.int32)
    place[order] = torch.arange(len(order), dtype=torch.int32)
    place[-1] = len(order)
    straight, mixed = table_of(coords, 5).table, table_of(coords[order], 5).table
    assert torch.equal(mixed, place[straight[order].long()])


@pytest.mark.parametrize("size", [3, 5])
@PROPERTY
@given(coords=site_lists())
def test_grid_and_search_make_the_same_table(size: int, coords: Tensor) -> None:
    assert torch.equal(table_by_grid(coords, size).table, table_by_search(coords, size).table)


def test_far_apart_sites_are_searched_for() -> None:
    ends = torch.tensor([[0, MIN_COORD, MIN_COORD, MIN_COORD], [0, MAX_COORD, MAX_COORD, MAX_COORD], [1, 0, 0, 0]])
    assert int(table_of(ends, 5).counts.sum()) == 3
