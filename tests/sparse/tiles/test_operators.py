"""Every operator of the Triton engine against the definitions: kernels in Triton's interpreter where no GPU is."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from bscnet.sparse.limits import MAX_BATCH, MAX_COORD
from bscnet.sparse.operand import Normalized, PackedSigns, pack_signs, stand_in_for
from bscnet.sparse.tiles import available, entries
from bscnet.sparse.tiles.ops import tile_convolution
from bscnet.sparse.tiles.resampling import copy_parents, pool_children
from bscnet.sparse.tiles.sites import TileSites
from bscnet.sparse.torch import TorchSites
from fixtures.sites import full_cube, random_sites
from oracles import sparse_convolution as oracle

pytestmark = pytest.mark.skipif(not available(), reason="Triton is not installed")
FOUR = ((1, 1, 1), (1, -1, -1), (0, 0, 0), (0, -1, 1))
SOME = torch.tensor([3, 17, 62, 63, 70, 124])
SCENES = {
    "scattered": random_sites(40),
    "cube": full_cube(3),
    "one site": torch.tensor([[0, -3, 5, 1]]),
    "no neighbours": torch.tensor([[0, 9, 0, 0], [0, -9, 4, 0], [1, 0, 0, 0]]),
}
# name -> (operator, weight's cells, whether it reads coarse features)
Operator = Callable[[TileSites | TorchSites, Tensor, Tensor], Tensor]
CONVOLUTIONS: dict[str, tuple[Operator, int, bool]] = {
    "pointwise": (lambda s, x, w: s.submanifold(x, w), 1, False),
    "cube 3": (lambda s, x, w: s.submanifold(x, w), 27, False),
    "shifted": (lambda s, x, w: s.shifted(x, w, FOUR[:2]), 27, False),
    "cube 5": (lambda s, x, w: s.submanifold(x, w), 125, False),
    "some cells": (lambda s, x, w: s.submanifold(x, w, SOME), 6, False),
    "down": (lambda s, x, w: s.down(x, w), 8, False),
    "up": (lambda s, x, w: s.up(x, w), 8, True),
}
# Sums are exact, and their rounding to half precision is cruder in the interpreter.
ROUNDING = {torch.float32: 0, torch.float16: 2e-3, torch.bfloat16: 1e-2}
POOLS = ("pool_sum", "pool_max", "unpool")
every_convolution = pytest.mark.parametrize("name", CONVOLUTIONS)


def device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def tiles_of(coords: Tensor) -> TileSites:
    return TileSites(coords.to(device()))


def kept_tiles(name: str, coords: Tensor) -> TileSites:
    """One object for all tests of a convolution on these sites, which makes their table of neighbours once."""
    return _kept_tiles(name, tuple(map(tuple, coords.tolist())))


@cache
def _kept_tiles(name: str, coords: tuple[tuple[int, ...], ...]) -> TileSites:
    return tiles_of(torch.tensor(coords))


def numbers(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Quarters, so that sums are exact in every type."""
    return (torch.randint(-8, 9, shape) / 4).to(dtype)


def gradients(operator: Operator, sites: TileSites | TorchSites, x: Tensor, w: Tensor, seed: Tensor) -> list[Tensor]:
    """Value and both gradients."""
    place = sites.coords.device
    leaves = [x.to(place).requires_grad_(), w.to(place).requires_grad_()]
    y = operator(sites, *leaves)
    return [part.detach().cpu() for part in (y, *torch.autograd.grad(y, leaves, seed.to(place, y.dtype)))]


def check(name: str, coords: Tensor, c_in: int, c_out: int, dtype: torch.dtype = torch.float32) -> None:
    """The engine against the plain torch backend in float64, on numbers whose sums are exact."""
    operator, cells, coarse = CONVOLUTIONS[name]
    other = TorchSites(coords)
    x, w = numbers(len(other.coarser if coarse else other), c_in), numbers(cells, c_in, c_out)
    seed = torch.randint(-2, 3, (len(other.coarser if name == "down" else other), c_out)).double()
    found = gradients(operator, kept_tiles(name, coords), x.to(dtype), w.to(dtype), seed)
    for one, expected in zip(found, gradients(operator, other, x, w, seed), strict=True):
        assert one.dtype == dtype
        torch.testing.assert_close(one, expected.to(dtype), rtol=ROUNDING[dtype], atol=0)


@pytest.mark.parametrize("name", ["pointwise", "cube 3", "some cells", "down", "up"])
def test_kernels_follow_the_torch_backend(name: str) -> None:
    check(name, random_sites(30, 4), 3, 5)


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("name", ["shifted", "down", "up"])
def test_kernels_follow_it_on_every_scene(name: str, scene: str) -> None:
    """One convolution of each kind of table."""
    check(name, SCENES[scene], 2, 3)


@pytest.mark.slow
def test_kernels_follow_it_in_a_wide_cube() -> None:
    check("cube 5", SCENES["scattered"], 2, 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, widths",
    [
        *(("shifted", widths) for widths in ((1, 2), (24, 33), (40, 70), (33, 130))),
        ("cube 3", (40, 70)),
        ("up", (24, 33)),
    ],
)
def test_kernels_follow_it_at_every_width(name: str, widths: tuple[int, int]) -> None:
    """The blocks of channels are divided before a table is read; groups of them are the shifted convolution's."""
    check(name, random_sites(20, 3), *widths)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, dtype",
    [("cube 3", torch.float16), ("shifted", torch.bfloat16), ("down", torch.bfloat16), ("up", torch.float16)],
)
def test_half_precision_sums_in_float32(name: str, dtype: torch.dtype) -> None:
    check(name, random_sites(20, 3), 3, 5, dtype)


@pytest.mark.slow
def test_many_tiles_and_splits() -> None:
    """Five tiles, which two programs share where a weight's gradient is summed."""
    check("cube 3", random_sites(520, 9, 1), 2, 3)


@cache
def tiles_on_the_cpu() -> TileSites:
    return TileSites(random_sites(20, 4))


@pytest.mark.parametrize("shift", list(itertools.product((-1, 0, 1), repeat=3)))
def test_each_shift_follows_the_oracle_in_float64(shift: tuple[int, int, int]) -> None:
    """Maps by kernels, products by the reference body."""
    coords = random_sites(20, 4)
    leaves = [torch.randn(20, 2).double().requires_grad_(), torch.randn(27, 2, 3).double().requires_grad_()]
    seed = torch.randn(20, 3).double()
    found, expected = tiles_on_the_cpu().shifted(*leaves, (shift,)), oracle.shifted_submanifold(coords, *leaves, shift)
    torch.testing.assert_close(found, expected)
    for one, other in zip(
        torch.autograd.grad(found, leaves, seed), torch.autograd.grad(expected, leaves, seed), strict=True
    ):
        torch.testing.assert_close(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("shift", list(itertools.product((-1, 1), repeat=3)))
def test_kernels_follow_shifts_to_every_place(shift: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The corners' kernels together read all 125 places; the maps of every shift are tested above."""
    monkeypatch.setitem(CONVOLUTIONS, "one shift", (lambda s, x, w: s.shifted(x, w, (shift,)), 27, False))
    check("one shift", random_sites(20, 3), 2, 3)


@every_convolution
def test_gradients_in_float64(name: str) -> None:
    operator, cells, coarse = CONVOLUTIONS[name]
    sites = TileSites(random_sites(9, 3))
    x = torch.randn(len(sites.coarser if coarse else sites), 2, dtype=torch.float64, requires_grad=True)
    w = torch.randn(cells, 2, 2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x, w: operator(sites, x, w), (x, w), fast_mode=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("name", POOLS)
def test_pooling_follows_the_torch_backend(name: str, dtype: torch.dtype) -> None:
    """Among equal maxima the gradient is shared, as PyTorch does."""
    coords = random_sites(50, 5)
    other, sites = TorchSites(coords), tiles_of(coords)
    x = torch.randint(-2, 3, (len(other.coarser if name == "unpool" else other), 5)).double()
    seed = 8.0 * torch.randint(-2, 3, (len(other) if name == "unpool" else len(other.coarser), 5)).double()
    results = []
    for place, kind in ((sites, dtype), (other, torch.float64)):
        leaf = x.to(place.coords.device, kind).requires_grad_()
        y = getattr(place, name)(leaf)
        (grad,) = torch.autograd.grad(y, leaf, seed.to(place.coords.device, kind))
        results.append((y.detach().cpu().to(dtype), grad.cpu().to(dtype)))
    for one, expected in zip(*results, strict=True):
        torch.testing.assert_close(one, expected, rtol=1e-2 if dtype == torch.bfloat16 else 1e-6, atol=0)


def stand_in_of(values: Tensor) -> Tensor:
    """The leaf that a packed operand's gradient reaches."""
    return stand_in_for(*values.shape, values).requires_grad_()


def packed(signs: Tensor) -> PackedSigns:
    return PackedSigns(pack_signs(signs), stand_in_of(signs))


def check_operand(name: str, operand: PackedSigns | Normalized, real: Tensor, w: Tensor, coords: Tensor) -> None:
    operator, _, _ = CONVOLUTIONS[name]
    other, sites = TorchSites(coords), tiles_of(coords)
    w = w.to(device())
    weights = w.clone().requires_grad_()
    y = operator(sites, operand, weights)
    seed = torch.randint(-2, 3, y.shape).double()
    found = [y, *torch.autograd.grad(y, [operand.stand_in, weights], seed.to(y))]
    expected = gradients(operator, other, real.cpu().double(), w.cpu().double(), seed)
    for one, exact in zip(found, expected, strict=True):
        torch.testing.assert_close(one.detach().cpu(), exact.to(one.dtype), rtol=ROUNDING[one.dtype], atol=0)


def rows_read(name: str, coords: Tensor) -> int:
    return len(TorchSites(coords).coarser if name == "up" else coords)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, channels, dtype",
    [
        ("pointwise", 3, torch.bfloat16),
        ("cube 3", 40, torch.float32),
        ("shifted", 3, torch.float32),
        ("shifted", 40, torch.bfloat16),
        ("down", 40, torch.float32),
        ("up", 3, torch.bfloat16),
    ],
)
def test_packed_signs_are_exact(name: str, channels: int, dtype: torch.dtype) -> None:
    """With a weight in three parts and in one, from one word a row and from two, by every kind of table."""
    coords = random_sites(20, 3)
    signs = torch.randint(0, 2, (rows_read(name, coords), channels), device=device()).to(dtype) * 2 - 1
    w = torch.randint(0, 2, (CONVOLUTIONS[name][1], channels, 5)).to(dtype) * 2 - 1
    check_operand(name, packed(signs), signs, w, coords)


def test_packed_signs_times_real_weights() -> None:
    """Three bfloat16 parts hold a float32 weight."""
    coords, operator = random_sites(20, 3), CONVOLUTIONS["cube 3"][0]
    signs = torch.randint(0, 2, (20, 3)).double() * 2 - 1
    w = torch.randn(27, 3, 4)
    found = operator(tiles_of(coords), packed(signs.float().to(device())), w.to(device()))
    expected = operator(TorchSites(coords), signs, w.double())
    torch.testing.assert_close(found.detach().cpu().double(), expected, rtol=1e-6, atol=3e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pointwise", "shifted", "down", "up"])
def test_normalized_features_are_absent_where_no_site_is(name: str) -> None:
    coords = random_sites(20, 3)
    x = numbers(rows_read(name, coords), 3, dtype=torch.float32).to(device())
    scale, shift = torch.tensor([1.0, -2, 0.5], device=device()), torch.tensor([1.0, 2, -3], device=device())
    w = numbers(CONVOLUTIONS[name][1], 3, 5, dtype=torch.float32)
    check_operand(name, Normalized(x, scale, shift, stand_in_of(x)), x * scale + shift, w, coords)


def test_stand_ins_of_packed_operands_are_not_read() -> None:
    signs = torch.randint(0, 2, (20, 3), device=device()).float() * 2 - 1
    y = tiles_of(random_sites(20, 3)).shifted(packed(signs), torch.ones(27, 3, 2, device=device()), FOUR[:1])
    assert torch.isfinite(y).all()


@pytest.mark.parametrize("wanted", [(True, False), (False, True)])
@pytest.mark.parametrize("name", ["cube 3", "down"])
def test_gradient_of_one_operand_alone(name: str, wanted: tuple[bool, bool]) -> None:
    operator, cells, _ = CONVOLUTIONS[name]
    sites = tiles_of(random_sites(20, 3))
    x, w = torch.randn(20, 3, device=device()), torch.randn(cells, 3, 4, device=device())
    leaves = [x.requires_grad_(wanted[0]), w.requires_grad_(wanted[1])]
    operator(sites, *leaves).square().sum().backward()
    assert [leaf.grad is not None for leaf in leaves] == list(wanted)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cube 3", "down"])
def test_results_repeat_bit_by_bit_and_do_not_depend_on_memory_layout(name: str) -> None:
    operator, cells, _ = CONVOLUTIONS[name]
    coords = random_sites(150, 5)
    x, w, seed = torch.randn(150, 3), torch.randn(cells, 3, 4), torch.randn(150, 4)
    seed = seed[: len(TorchSites(coords).coarser)] if name == "down" else seed
    first = gradients(operator, tiles_of(coords), x, w, seed)
    turned = gradients(operator, tiles_of(coords), x.T.contiguous().T, w.mT.contiguous().mT, seed.T.contiguous().T)
    for one, other in zip(first, turned, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_autocast_multiplies_in_its_own_type(dtype: torch.dtype) -> None:
    sites = tiles_of(random_sites(20, 3))
    leaves = [
        torch.randn(20, 3, device=device()).requires_grad_(),
        torch.randn(8, 3, 4, device=device()).requires_grad_(),
    ]
    with torch.autocast(device(), dtype):
        y = sites.down(*leaves)
    assert y.dtype == dtype
    assert [grad.dtype for grad in torch.autograd.grad(y.sum(), leaves)] == [torch.float32] * 2


def test_more_groups_than_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="4 channel groups asked for 3 channels"):
        tiles_of(full_cube(2)).shifted(torch.ones(8, 2), torch.ones(27, 2, 3), FOUR)


@pytest.mark.parametrize("name", ["cube 3", "down", "pool_max", "unpool"])
def test_operators_are_registered_as_pytorch_wants_them(name: str) -> None:
    coords = random_sites(12, 3)
    sites = tiles_of(coords)
    leaf = torch.randn(len(sites.coarser if name == "unpool" else sites), 3, device=device()).requires_grad_()
    _, parents, children = sites._below
    if name == "pool_max":
        torch.library.opcheck(pool_children, (leaf, children, parents, True))
    elif name == "unpool":
        torch.library.opcheck(copy_parents, (leaf, parents, children))
    else:
        reading = sites._cube((entries.cube(3),), 3) if name == "cube 3" else sites._children
        back = sites._cube((entries.cube(3),), 3, last=26) if name == "cube 3" else sites._parents
        weight = torch.randn(CONVOLUTIONS[name][1], 3, 2, device=device()).requires_grad_()
        given = (leaf, None, None, None, weight, reading.tensors, back.tensors, sites._tiles_by_entry(reading))
        torch.library.opcheck(tile_convolution, (*given, reading.numbers + back.numbers))


def test_shifts_first_met_in_inference_mode_serve_a_training_step() -> None:
    coords = random_sites(20)
    shifts = ((1, 0, -1), (-1, -1, 1))  # of no other test
    weight = numbers(27, 2, 4, dtype=torch.float32).to(device()).requires_grad_()
    x = numbers(len(coords), 2, dtype=torch.float32).to(device())
    with torch.inference_mode():
        tiles_of(coords).shifted(x, weight, shifts)
    tiles_of(coords).shifted(x, weight, shifts).sum().backward()
    assert weight.grad is not None


def test_the_last_site_of_all_has_no_neighbours() -> None:
    coords = torch.tensor([[0, 0, 0, 0], [MAX_BATCH, MAX_COORD, MAX_COORD, MAX_COORD]])
    x, weight = torch.ones(2, 3).to(device()), torch.ones(125, 3, 2).to(device())
    assert torch.equal(tiles_of(coords).submanifold(x, weight).cpu(), torch.full((2, 2), 3.0))
