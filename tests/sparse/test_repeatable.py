"""Results of the torch backend do not change from run to run, whatever the number of threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from bscnet.sparse.torch import TorchSites
from fixtures.site_operators import OPERATORS, SUMS
from fixtures.sites import random_sites


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.mark.parametrize("width", [7, 16, 64])
@pytest.mark.parametrize("name", OPERATORS)
def test_every_run_gives_the_same_bits(name: str, width: int, threads: Callable[[int], None]) -> None:
    """Sums of pooling and unpooling are the same for any number of threads; those of a GEMM are the BLAS' affair, which
    may split one among threads, so that they are compared for one number."""
    operator, cells, coarse = OPERATORS[name]
    sites = TorchSites(random_sites(4000, 20, 1))
    generator = torch.Generator().manual_seed(0)
    feats = torch.randn(len(sites.coarser if coarse else sites), width, generator=generator)
    weight = torch.randn(cells, width, 16, generator=generator)
    gradient = torch.randn(
        len(sites.coarser) if name in ("down", "pool_sum", "pool_max") else len(sites),
        width if name in SUMS else 16,
        generator=generator,
    )

    def run(count: int) -> list[Tensor]:
        threads(count)
        leaves = [feats.clone().requires_grad_(), weight.clone().requires_grad_()]
        found = operator(sites, *leaves)
        found.backward(gradient)
        return [found.detach(), *(leaf.grad for leaf in leaves if leaf.grad is not None)]

    first = {count: run(count) for count in (1, 2)}
    assert len(first[1]) == (2 if name in SUMS else 3)
    for count in (2, 1, 2):
        assert all(torch.equal(one, other) for one, other in zip(first[count], run(count), strict=True))
    if name in SUMS:
        assert all(torch.equal(one, other) for one, other in zip(first[1], first[2], strict=True))


def test_children_that_share_a_maximum_share_its_gradient() -> None:
    sites = TorchSites(torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 4, 4, 4]]))
    feats = torch.tensor([[2.0], [2.0], [1.0], [5.0]], requires_grad=True)
    sites.pool_max(feats).backward(torch.tensor([[3.0], [7.0]]))
    assert feats.grad is not None and feats.grad.flatten().tolist() == [1.5, 1.5, 0.0, 7.0]
