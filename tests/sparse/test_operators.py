"""Every operator of both backends against the definitions, values and gradients."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck

from bscnet.sparse import Sites, SparseTensor
from fixtures.sites import PROPERTY, full_cube, random_sites, site_lists
from oracles import sparse_convolution as oracle
from oracles.dense_convolution import dense_convolution

SHIFT = st.tuples(*[st.integers(-1, 1)] * 3)
FOUR = ((1, 1, 1), (1, -1, -1), (0, 0, 0), (0, -1, 1))
SCENES = {"scattered": random_sites(), "cube": full_cube(4), "one site": torch.tensor([[0, -3, 5, 1]])}
scenes = pytest.mark.parametrize("coords", SCENES.values(), ids=SCENES.keys())


def numbers(*shape: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64)


def sites_of(coords: Tensor, backend: str) -> Sites:
    return SparseTensor(torch.zeros(len(coords), 1), coords, backend).sites


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def check_coarse(sites: Sites, found: Tensor, expected: oracle.Field) -> None:
    assert len(sites.coarser) == len(expected)
    close(found, oracle.rows_of(expected, sites.coarser.coords))


@scenes
@pytest.mark.parametrize("size", [1, 3, 5])
def test_submanifold(backend: str, coords: Tensor, size: int) -> None:
    feats, weight = numbers(len(coords), 3), numbers(size**3, 3, 4)
    found = sites_of(coords, backend).submanifold(feats, weight)
    close(found, oracle.shifted_submanifold(coords, feats, weight))
    close(found, dense_convolution(coords, feats, weight))


@PROPERTY
@given(coords=site_lists(25), shifts=st.lists(SHIFT, min_size=1, max_size=5))
def test_shifted(backend: str, coords: Tensor, shifts: list[tuple[int, int, int]]) -> None:
    feats, weight = numbers(len(coords), 2), numbers(27, 2, 7)
    found = sites_of(coords, backend).shifted(feats, weight, tuple(shifts))
    close(found, oracle.grouped_shifted(coords, feats, weight, shifts))


@PROPERTY
@given(coords=site_lists(25, -9, 9))
def test_levels(backend: str, coords: Tensor) -> None:
    """Strided, transposed, pooling and unpooling, and the same one level down."""
    sites = sites_of(coords, backend)
    for stride in (1, 2, 4):
        coords = sites.coords
        assert sites.tensor_stride == stride
        feats, weight = numbers(len(coords), 3), numbers(8, 3, 2)
        check_coarse(sites, sites.down(feats, weight), oracle.down(coords, feats, weight))
        check_coarse(sites, sites.pool_sum(feats), oracle.pool_sum(coords, feats))
        check_coarse(sites, sites.pool_max(feats), oracle.pool_max(coords, feats))
        below = numbers(len(sites.coarser), 3)
        field = oracle.field_of(sites.coarser.coords, below)
        close(sites.up(below, weight), oracle.up(field, coords, weight))
        close(sites.unpool(below), oracle.unpool(field, coords))
        sites = sites.coarser


def test_coarse_levels_convolve_on_their_own_grid(backend: str) -> None:
    sites = sites_of(random_sites(80, 10), backend).coarser
    feats, weight = numbers(len(sites), 3), numbers(27, 3, 4)
    close(sites.submanifold(feats, weight), dense_convolution(sites.coords, feats, weight))
    close(sites.shifted(feats, weight, FOUR), oracle.grouped_shifted(sites.coords, feats, weight, list(FOUR)))
    five = numbers(125, 3, 4)
    close(sites.submanifold(feats, five), dense_convolution(sites.coords, feats, five))


def test_rows_keep_their_order(backend: str) -> None:
    coords = random_sites()
    order = torch.randperm(len(coords))
    feats, weight = numbers(len(coords), 3), numbers(27, 3, 4)
    straight, mixed = sites_of(coords, backend), sites_of(coords[order], backend)
    close(mixed.submanifold(feats[order], weight), straight.submanifold(feats, weight)[order])
    close(mixed.shifted(feats[order], weight, FOUR), straight.shifted(feats, weight, FOUR)[order])
    down = numbers(8, 3, 2)
    close(mixed.up(mixed.down(feats[order], down), down.mT), straight.up(straight.down(feats, down), down.mT)[order])


Operator = Callable[[Sites, Tensor, Tensor], Tensor]
# name -> (operator, weight's cells, whether it reads coarse features)
CONVOLUTIONS: dict[str, tuple[Operator, int, bool]] = {
    "pointwise": (lambda s, x, w: s.submanifold(x, w), 1, False),
    "cube 3": (lambda s, x, w: s.submanifold(x, w), 27, False),
    "cube 5": (lambda s, x, w: s.submanifold(x, w), 125, False),
    "shifted": (lambda s, x, w: s.shifted(x, w, FOUR[:2]), 27, False),
    "down": (lambda s, x, w: s.down(x, w), 8, False),
    "up": (lambda s, x, w: s.up(x, w), 8, True),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_gradients_of_convolutions(backend: str, name: str) -> None:
    operator, cells, coarse = CONVOLUTIONS[name]
    sites = sites_of(random_sites(14, 4), backend)
    feats = numbers(len(sites.coarser if coarse else sites), 2).requires_grad_()
    weight = numbers(cells, 2, 2).requires_grad_()
    assert gradcheck(lambda x, w: operator(sites, x, w), (feats, weight))


@pytest.mark.parametrize("name", ["pool_sum", "pool_max", "unpool"])
def test_gradients_of_resampling(backend: str, name: str) -> None:
    sites = sites_of(random_sites(20, 4), backend)
    feats = numbers(len(sites.coarser if name == "unpool" else sites), 3).requires_grad_()
    assert gradcheck(getattr(sites, name), (feats,))


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_operands_may_have_any_memory_layout(backend: str, name: str) -> None:
    operator, cells, coarse = CONVOLUTIONS[name]
    sites = sites_of(random_sites(30, 4), backend)
    feats, weight = numbers(3, len(sites.coarser if coarse else sites)).T, numbers(4, 3, cells).permute(2, 1, 0)
    close(operator(sites, feats, weight), operator(sites, feats.contiguous(), weight.contiguous()))


@pytest.mark.parametrize("wanted", [(True, False), (False, True)])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_gradient_of_one_operand_alone(backend: str, name: str, wanted: tuple[bool, bool]) -> None:
    operator, cells, coarse = CONVOLUTIONS[name]
    sites = sites_of(random_sites(30, 4), backend)
    feats, weight = numbers(len(sites.coarser if coarse else sites), 3), numbers(cells, 3, 4)
    both = [feats.clone().requires_grad_(), weight.clone().requires_grad_()]
    operator(sites, *both).square().sum().backward()
    some = [feats.clone().requires_grad_(wanted[0]), weight.clone().requires_grad_(wanted[1])]
    operator(sites, *some).square().sum().backward()
    for one, other, needed in zip(some, both, wanted, strict=True):
        if needed:
            close(one.grad, other.grad)
        else:
            assert one.grad is None


@pytest.mark.parametrize("shift", list(itertools.product((-1, 0, 1), repeat=3)))
def test_gradients_of_each_shift_follow_the_oracle(backend: str, shift: tuple[int, int, int]) -> None:
    coords = random_sites(20, 4)
    sites = sites_of(coords, backend)
    leaves = [numbers(20, 2).requires_grad_(), numbers(27, 2, 3).requires_grad_()]
    seed = numbers(20, 3)
    found = torch.autograd.grad(sites.shifted(*leaves, (shift,)), leaves, seed)
    expected = torch.autograd.grad(oracle.shifted_submanifold(coords, *leaves, shift), leaves, seed)
    for one, other in zip(found, expected, strict=True):
        close(one, other)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_float32_is_as_exact_as_it_can_be(backend: str, name: str) -> None:
    operator, cells, coarse = CONVOLUTIONS[name]
    sites = sites_of(random_sites(), backend)
    feats, weight = numbers(len(sites.coarser if coarse else sites), 8), numbers(cells, 8, 16)
    found = operator(sites, feats.float(), weight.float())
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), operator(sites, feats, weight), rtol=1e-5, atol=1e-4)


def test_many_sites_are_worked_off_in_blocks() -> None:
    """More gathered values than any block holds: the seams must not show."""
    coords = random_sites(6000, 22, 1)
    sites = sites_of(coords, "torch")
    leaves = [numbers(6000, 4).requires_grad_(), numbers(27, 4, 8).requires_grad_()]
    found, expected = sites.submanifold(*leaves), dense_convolution(coords, *leaves)
    close(found, expected)
    seed = numbers(6000, 8)
    for one, other in zip(
        torch.autograd.grad(found, leaves, seed), torch.autograd.grad(expected, leaves, seed), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-10)
