"""Every fine site hangs once under its parent, in whatever form the map to the coarser level is read."""

from __future__ import annotations

import torch
from hypothesis import given
from torch import Tensor

from bscnet.sparse.coordinates import coordinate_keys
from bscnet.sparse.stride_map import build_stride_map
from fixtures.sites import PROPERTY, site_lists
from oracles.sparse_convolution import cube_cells, moved, parent_of


@PROPERTY
@given(coords=site_lists(low=-7, high=7))
def test_every_fine_site_hangs_once_under_its_parent(coords: Tensor) -> None:
    coarse, stride_map = build_stride_map(coords)
    sites = [tuple(site) for site in coarse.tolist()]
    assert len(set(sites)) == len(sites) == stride_map.num_coarse
    assert set(sites) == {parent_of(tuple(site)) for site in coords.tolist()}
    keys = coordinate_keys(coarse)
    assert bool((keys[1:] > keys[:-1]).all())
    cells = cube_cells(2)
    for site, parent, cell in zip(coords.tolist(), stride_map.parent.tolist(), stride_map.cell.tolist(), strict=True):
        batch, x, y, z = sites[parent]
        assert moved((batch, 2 * x, 2 * y, 2 * z), cells[cell]) == tuple(site)


@PROPERTY
@given(coords=site_lists(low=-7, high=7))
def test_children_are_the_rows_below_each_parent(coords: Tensor) -> None:
    _, stride_map = build_stride_map(coords)
    rows, starts = stride_map.children
    groups = torch.tensor_split(rows, starts[1:].long())
    parents = stride_map.parent.tolist()
    for parent, group in enumerate(groups):
        assert group.tolist() == [row for row, above in enumerate(parents) if above == parent]


@PROPERTY
@given(coords=site_lists(low=-7, high=7))
def test_the_order_of_cells_holds_the_same_sites(coords: Tensor) -> None:
    _, stride_map = build_stride_map(coords)
    order = stride_map.by_cell
    fine = order.fine.long()
    assert sorted(fine.tolist()) == list(range(len(coords)))
    assert torch.equal(order.place[fine], torch.arange(len(coords), dtype=torch.int32))
    assert torch.equal(order.coarse, stride_map.parent[fine])
    assert len(order.bounds) == 8 and order.bounds[0][0] == 0 and order.bounds[-1][1] == len(coords)
    for cell, (begin, end) in enumerate(order.bounds):
        assert bool((stride_map.cell[fine[begin:end]] == cell).all())
    assert torch.equal(fine[order.children.rows.long()], stride_map.children.rows.long())
    assert torch.equal(order.children.starts, stride_map.children.starts)


def test_sums_of_groups_are_those_of_their_rows_in_order() -> None:
    coords = torch.tensor([[0, 0, 0, 0], [0, 4, 0, 0], [0, 1, 1, 1], [0, 5, 0, 1], [0, 0, 1, 0]])
    _, stride_map = build_stride_map(coords)
    feats = torch.tensor([[1.0], [10.0], [2.0], [20.0], [4.0]])
    assert stride_map.children.sums(feats).tolist() == [[7.0], [30.0]]
    # 1 + 256 + 256 in bfloat16 is 512 where every sum is rounded, 513 rounds to 512 too: sums are kept in float32
    half = torch.tensor([[256.0], [0.0], [1.0], [0.0], [1.0]], dtype=torch.bfloat16)
    assert stride_map.children.sums(half).tolist() == [[258.0], [0.0]]
