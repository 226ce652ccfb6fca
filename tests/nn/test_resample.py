"""T12 and the pooling conventions."""

from __future__ import annotations

import torch

from bscnet.nn import AvgPool, MaxPool, unpool
from bscnet.sparse import SparseTensor
from fixtures.sites import full_cube, random_sites
from oracles import sparse_convolution as oracle


def scene(backend: str, coords: torch.Tensor) -> SparseTensor:
    return SparseTensor(torch.randn(len(coords), 3, dtype=torch.float64), coords, backend)


def test_average_divides_by_the_receptive_field(backend: str) -> None:
    x = scene(backend, random_sites())
    y = AvgPool()(x)
    assert y.sites is x.sites.coarser
    expected = oracle.rows_of(oracle.pool_sum(x.coords, x.feats), y.coords) / 8
    torch.testing.assert_close(y.feats, expected)


def test_average_of_a_full_cube_is_the_mean(backend: str) -> None:
    coords = full_cube(2, low=0)
    x = scene(backend, coords)
    torch.testing.assert_close(AvgPool()(x).feats[0], x.feats.mean(0))


def test_maximum_is_over_active_children_only(backend: str) -> None:
    coords = random_sites()
    x = SparseTensor(-torch.rand(len(coords), 3, dtype=torch.float64) - 1, coords, backend)
    y = MaxPool()(x)
    expected = oracle.rows_of(oracle.pool_max(x.coords, x.feats), y.coords)
    assert torch.equal(y.feats, expected) and bool((y.feats < 0).all())


def test_unpool_copies_the_parent(backend: str) -> None:
    x = scene(backend, random_sites())
    y = AvgPool()(x)
    raised = unpool(y, x.sites)
    assert raised.sites is x.sites
    assert torch.equal(raised.feats, oracle.unpool(oracle.field_of(y.coords, y.feats), x.coords))


def test_unpool_and_linear_commute(backend: str) -> None:
    x = scene(backend, random_sites())
    y, linear = AvgPool()(x), torch.nn.Linear(3, 5).double()
    before = unpool(y.replace(linear(y.feats)), x.sites).feats
    torch.testing.assert_close(before, linear(unpool(y, x.sites).feats), rtol=1e-14, atol=1e-14)
