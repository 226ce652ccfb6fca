"""Every convolution of the native backend in float32 against the torch backend in double, values and gradients."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from bscnet.sparse import Sites
from bscnet.sparse.native.sites import NativeSites
from bscnet.sparse.operand import Normalized, PackedSigns, pack_signs, stand_in_for
from bscnet.sparse.torch import TorchSites
from fixtures.sites import full_cube, random_sites

FOUR = ((1, 1, 1), (1, -1, -1), (0, 0, 0), (0, -1, 1))
SCENES = {
    "scattered": random_sites(300, 9, 3),
    "cube": full_cube(7),
    "one site": torch.tensor([[3, -3, 5, 1]]),
    "no neighbours": torch.tensor([[0, 0, 0, 0], [1, 0, 0, 1], [0, 9, 0, 0], [0, 0, -7, 5]]),
    "far apart": torch.tensor([[0, 32765, -32766, 0], [0, -32766, 32765, 1], [32767, 32765, 32765, 32765]]),
}
CELLS = torch.tensor([0, 7, 31, 62, 63, 93, 124])
Operator = Callable[[Sites, Tensor, Tensor], Tensor]
# name -> (operator, slices of the weight, whether it reads coarse features)
OPERATORS: dict[str, tuple[Operator, int, bool]] = {
    "pointwise": (lambda s, x, w: s.submanifold(x, w), 1, False),
    "cube 3": (lambda s, x, w: s.submanifold(x, w), 27, False),
    "cube 5": (lambda s, x, w: s.submanifold(x, w), 125, False),
    "some cells": (lambda s, x, w: s.submanifold(x, w, CELLS), len(CELLS), False),
    "one group": (lambda s, x, w: s.shifted(x, w, FOUR[:1]), 27, False),
    "two groups": (lambda s, x, w: s.shifted(x, w, FOUR[:2]), 27, False),
    "three groups": (lambda s, x, w: s.shifted(x, w, FOUR[1:]), 27, False),
    "four groups": (lambda s, x, w: s.shifted(x, w, FOUR), 27, False),
    "down": (lambda s, x, w: s.down(x, w), 8, False),
    "up": (lambda s, x, w: s.up(x, w), 8, True),
}
WIDTHS = [(1, 4), (3, 24), (4, 5), (8, 8), (16, 16), (24, 33), (33, 7), (40, 100)]
names = pytest.mark.parametrize("name", OPERATORS)
scenes = pytest.mark.parametrize("coords", SCENES.values(), ids=SCENES.keys())


def close(found: Tensor, wanted: Tensor) -> None:
    """Equal but for the rounding of float32 sums, which grows with the terms."""
    torch.testing.assert_close(found.double(), wanted.double(), rtol=1e-5, atol=4e-6 * float(wanted.abs().max()))


def coarse_order(native: NativeSites, other: TorchSites) -> Tensor:
    """Row in the native backend's coarse level of each row of the torch backend's."""
    rows = {tuple(site): row for row, site in enumerate(native.coarser.coords.tolist())}
    return torch.tensor([rows[tuple(site)] for site in other.coarser.coords.tolist()])


def run(operator: Operator, sites: Sites, feats: Tensor, weight: Tensor, grad: Tensor) -> list[Tensor]:
    """The value and both gradients."""
    leaves = [feats.clone().requires_grad_(), weight.clone().requires_grad_()]
    y = operator(sites, *leaves)
    return [y.detach(), *torch.autograd.grad(y, leaves, grad)]


Run = Callable[[Operator, Sites, Tensor, Tensor, Tensor], list[Tensor]]


def both(
    name: str, coords: Tensor, feats: Tensor, weight: Tensor, run_native: Run = run
) -> list[tuple[Tensor, Tensor]]:
    """Value and gradients by the native backend and by the torch backend in double, rows in the same order."""
    operator, _, coarse = OPERATORS[name]
    native, other = NativeSites(coords), TorchSites(coords)
    rows = coarse_order(native, other)
    wide, wide_weight = feats.double(), weight.double()
    out = len(rows) if name == "down" else len(coords)
    grad = torch.randn(out, weight.shape[2])
    found = run_native(operator, native, feats, weight, grad)
    wanted = run(
        operator,
        other,
        wide[rows] if coarse else wide,
        wide_weight,
        grad.double()[rows] if name == "down" else grad.double(),
    )
    if name == "down":
        found[0] = found[0][rows]
    if coarse:
        found[1] = found[1][rows]
    return list(zip(found, wanted, strict=True))


def operands(name: str, coords: Tensor, widths: tuple[int, int], signs: bool = False) -> tuple[Tensor, Tensor]:
    _, slices, coarse = OPERATORS[name]
    rows = len(NativeSites(coords).coarser) if coarse else len(coords)
    feats, weight = torch.randn(rows, widths[0]), torch.randn(slices, *widths)
    return (feats.sign(), weight.sign()) if signs else (feats, weight)


@names
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_values_and_gradients(name: str, widths: tuple[int, int]) -> None:
    coords = SCENES["scattered"]
    for found, wanted in both(name, coords, *operands(name, coords, widths)):
        assert found.dtype == torch.float32
        close(found, wanted)


@names
@scenes
@pytest.mark.parametrize("widths", [(5, 12), (72, 33), (24, 132)], ids=str)
def test_scenes(name: str, coords: Tensor, widths: tuple[int, int]) -> None:
    """Of few sites and of many, narrow and wide."""
    for found, wanted in both(name, coords, *operands(name, coords, widths)):
        close(found, wanted)


@names
def test_signs_are_added_up_exactly(name: str) -> None:
    coords = SCENES["scattered"]
    found, wanted = both(name, coords, *operands(name, coords, (40, 20), signs=True))[0]
    assert torch.equal(found.double(), wanted)


@pytest.mark.parametrize("shift", list(itertools.product((-1, 0, 1), repeat=3)))
def test_every_shift(shift: tuple[int, int, int]) -> None:
    coords = random_sites(60, 5)
    feats, weight, grad = torch.randn(60, 6), torch.randn(27, 6, 10), torch.randn(60, 10)

    def operator(sites: Sites, x: Tensor, w: Tensor) -> Tensor:
        return sites.shifted(x, w, (shift, (0, 0, 0), shift))

    found = run(operator, NativeSites(coords), feats, weight, grad)
    wanted = run(operator, TorchSites(coords), feats.double(), weight.double(), grad.double())
    for one, other in zip(found, wanted, strict=True):
        close(one, other)


def run_packed(operator: Operator, sites: Sites, feats: Tensor, weight: Tensor, grad: Tensor) -> list[Tensor]:
    """``run`` with signs as bits."""
    leaves = [stand_in_for(*feats.shape, feats).requires_grad_(), weight.clone().requires_grad_()]
    y = operator(sites, PackedSigns(pack_signs(feats), leaves[0]), leaves[1])
    return [y.detach(), *torch.autograd.grad(y, leaves, grad)]


def signs_of(values: Tensor) -> Tensor:
    return torch.where(values >= 0, 1.0, -1.0)


def binary_fractions(values: Tensor) -> Tensor:
    """Values whose sums float32 holds exactly, whatever the order in which they are added."""
    return (values * 64).round() / 64


@names
@pytest.mark.parametrize("widths", [(1, 9), (31, 9), (32, 20), (33, 16), (70, 33)], ids=str)
def test_packed_signs_are_what_their_floats_are(name: str, widths: tuple[int, int]) -> None:
    """The same bits: of the value, and of the gradients of the weight and of the stand-in."""
    operator, _, _ = OPERATORS[name]
    sites = NativeSites(SCENES["scattered"])
    feats, weight = operands(name, sites.coords, widths)
    feats, weight = signs_of(feats), binary_fractions(weight)
    grad = binary_fractions(torch.randn(len(sites.coarser) if name == "down" else len(sites), widths[1]))
    wanted = run(operator, sites, feats, weight, grad)
    for one, other in zip(run_packed(operator, sites, feats, weight, grad), wanted, strict=True):
        assert torch.equal(one, other)


@names
@pytest.mark.parametrize("widths", [(1, 5), (3, 24), (24, 33), (33, 24), (130, 20)], ids=str)
def test_packed_signs_with_real_weights(name: str, widths: tuple[int, int]) -> None:
    coords = SCENES["scattered"]
    feats, weight = operands(name, coords, widths)
    for found, wanted in both(name, coords, signs_of(feats), weight, run_packed):
        close(found, wanted)


@names
@scenes
def test_packed_signs_in_scenes(name: str, coords: Tensor) -> None:
    feats, weight = operands(name, coords, (40, 20))
    for found, wanted in both(name, coords, signs_of(feats), weight, run_packed):
        close(found, wanted)


@names
@pytest.mark.parametrize("widths", [(1, 5), (24, 33), (64, 16), (150, 7)], ids=str)
def test_signs_of_weights_are_counted_exactly(name: str, widths: tuple[int, int]) -> None:
    for scene in ("scattered", "one site", "no neighbours"):
        feats, weight = operands(name, SCENES[scene], widths)
        found, wanted = both(name, SCENES[scene], signs_of(feats), signs_of(weight), run_packed)[0]
        assert torch.equal(found.double(), wanted)


@pytest.mark.parametrize("widths", [(3, 1), (33, 1), (40, 3)], ids=str)
def test_few_output_channels_of_packed_signs(widths: tuple[int, int]) -> None:
    feats, weight = operands("cube 3", SCENES["scattered"], widths)
    for values in (weight, signs_of(weight)):
        for found, wanted in both("cube 3", SCENES["scattered"], signs_of(feats), values, run_packed):
            close(found, wanted)


@pytest.mark.parametrize("odd_one", [0.0, 0.5, -2.0, torch.nan])
@pytest.mark.parametrize("place", [0, 27 * 40 * 20 - 1])
def test_one_weight_that_is_no_sign_counts_as_it_is(odd_one: float, place: int) -> None:
    sites = NativeSites(SCENES["scattered"])
    feats, weight = operands("cube 3", sites.coords, (40, 20), signs=True)
    weight.view(-1)[place] = odd_one
    found = sites.submanifold(PackedSigns(pack_signs(feats), stand_in_for(*feats.shape, feats)), weight)
    wanted = sites.submanifold(signs_of(feats), weight)
    torch.testing.assert_close(found, wanted, rtol=0, atol=0, equal_nan=True)


@names
def test_normalized_features_are_made_where_they_are_read(name: str) -> None:
    operator, _, _ = OPERATORS[name]
    sites = NativeSites(SCENES["scattered"])
    values, weight = operands(name, sites.coords, (6, 9))
    scale, shift = torch.rand(6) + 0.5, torch.randn(6)
    grad = torch.randn(len(sites.coarser) if name == "down" else len(sites), 9)
    wanted = run(operator, sites, values * scale + shift, weight, grad)
    stand_in = stand_in_for(*values.shape, values).requires_grad_()
    latent = weight.clone().requires_grad_()
    y = operator(sites, Normalized(values, scale, shift, stand_in), latent)
    found = [y.detach(), *torch.autograd.grad(y, [stand_in, latent], grad)]
    for one, other in zip(found, wanted, strict=True):
        close(one, other)


@names
def test_rows_in_another_order(name: str) -> None:
    """The order of the rows changes the order of no sum of a row."""
    operator, _, coarse = OPERATORS[name]
    straight = NativeSites(SCENES["scattered"])
    order = torch.randperm(len(straight))
    mixed = NativeSites(straight.coords[order])
    assert torch.equal(mixed.coarser.coords, straight.coarser.coords)
    feats, weight = operands(name, straight.coords, (6, 9))
    wanted = operator(straight, feats, weight)
    found = operator(mixed, feats if coarse else feats[order], weight)
    assert torch.equal(found, wanted if name == "down" else wanted[order])
