"""Operators of the torch backend under autocast: its type for products, float32 for what is added up."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bscnet.sparse import blocks
from bscnet.sparse.precision import in_product_type
from bscnet.sparse.torch import TorchSites
from fixtures.site_operators import OPERATORS, SUMS
from fixtures.sites import random_sites

HALVES = {torch.bfloat16: 2.0**-8, torch.float16: 2.0**-11}  # and half a unit in the last place
halves = pytest.mark.parametrize("dtype", HALVES)


def run(
    name: str, width: int, dtype: torch.dtype | None, feats_types: tuple[torch.dtype, ...] = (torch.float32,)
) -> list[Tensor]:
    """Output and gradients of an operator, under autocast if there is a type for it; features pass through types."""
    operator, cells, coarse = OPERATORS[name]
    sites = TorchSites(random_sites(300, 9, 1))
    generator = torch.Generator().manual_seed(0)
    feats = torch.randn(len(sites.coarser if coarse else sites), width, generator=generator)
    for feats_type in feats_types:
        feats = feats.to(feats_type)
    leaves = [
        feats.requires_grad_(),
        (torch.randn(cells, width, 16, generator=generator) / 4).requires_grad_(),
    ]
    with torch.autocast("cpu", dtype=dtype, enabled=dtype is not None):
        found = operator(sites, *leaves)
    found.backward(torch.randn(found.shape, generator=generator).to(found.dtype))
    return [found.detach(), *(leaf.grad for leaf in leaves if leaf.grad is not None)]


@halves
@pytest.mark.parametrize("width", [3, 64])  # composite kernels are read by blocks and by pairs
@pytest.mark.parametrize("name", OPERATORS)
def test_operators_agree_with_float32(name: str, width: int, dtype: torch.dtype) -> None:
    exact, found = run(name, width, None), run(name, width, dtype)
    assert found[0].dtype == (torch.float32 if name in SUMS else dtype)
    assert all(gradient.dtype == torch.float32 for gradient in found[1:])
    for one, other in zip(found, exact, strict=True):
        # Rounded are the operands, the result and the gradient that comes in.
        assert (one.float() - other).norm() <= 3 * HALVES[dtype] * other.norm()


@halves
@pytest.mark.parametrize("name", OPERATORS)
def test_features_of_the_layer_before_are_in_half_precision(name: str, dtype: torch.dtype) -> None:
    # Rounded before in both, as rounding makes some children of a site equal.
    exact, found = run(name, 16, None, (dtype, torch.float32)), run(name, 16, dtype, (dtype,))
    assert found[0].dtype == dtype and found[1].dtype == dtype
    for one, other in zip(found, exact, strict=True):
        assert (one.float() - other).norm() <= 3 * HALVES[dtype] * other.norm()


@halves
@pytest.mark.parametrize("name", OPERATORS)
def test_everything_may_be_in_half_precision(name: str, dtype: torch.dtype) -> None:
    operator, cells, coarse = OPERATORS[name]
    sites = TorchSites(random_sites(300, 9, 1))
    leaves = [
        torch.ones(len(sites.coarser if coarse else sites), 8, dtype=dtype, requires_grad=True),
        torch.ones(cells, 8, 8, dtype=dtype, requires_grad=True),
    ]
    found = operator(sites, *leaves)
    found.sum().backward()
    assert found.dtype == dtype and all(leaf.grad is None or leaf.grad.dtype == dtype for leaf in leaves)


def test_gradients_of_weights_are_added_up_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 2,048 blocks of one site each gives 1; in bfloat16 the sum would stop at 256."""
    monkeypatch.setattr(blocks, "_CPU_ROWS", 1)
    coords = torch.zeros(2048, 4, dtype=torch.int32)
    coords[:, 1] = 4 * torch.arange(2048)
    weight = torch.ones(27, 1, 1, requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        TorchSites(coords).submanifold(torch.ones(2048, 1), weight).sum().backward()
    assert weight.grad is not None and float(weight.grad[13]) == 2048


def test_double_precision_is_left_alone() -> None:
    feats, weight = torch.ones(2, 3, dtype=torch.float64), torch.ones(1, 3, 3, dtype=torch.float64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert in_product_type(feats, weight) == (feats, weight)
        assert in_product_type(feats.float(), weight.float())[0].dtype == torch.bfloat16
    assert in_product_type(feats, weight) == (feats, weight)
