"""Convolutions of signs by tiles: the arithmetic to the bit, and the error beside that of the float32 kernels."""

from __future__ import annotations

import itertools
import platform
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor

from bscnet.errors import InputError
from bscnet.sparse import Sites
from bscnet.sparse.native import library
from bscnet.sparse.native.sites import NativeSites
from bscnet.sparse.operand import PackedSigns, pack_signs, stand_in_for
from bscnet.sparse.torch import TorchSites
from fixtures.sites import random_sites
from fixtures.tiles import tiles_of
from oracles.tile_arithmetic import Matrix, add_products, parts

FOUR = ((1, 1, 1), (1, -1, -1), (0, 0, 0), (0, -1, 1))
CELLS = torch.tensor([0, 7, 31, 62, 63, 93, 124])
SCENES = {
    "scattered": random_sites(300, 9, 3),
    "one site": torch.tensor([[3, -3, 5, 1]]),
    "no neighbours": torch.tensor([[0, 0, 0, 0], [1, 0, 0, 1], [0, 9, 0, 0], [0, 0, -7, 5]]),
}
# name -> (operator, slices of the weight)
OPERATORS: dict[str, tuple[Callable[[Sites, Tensor, Tensor], Tensor], int]] = {
    "pointwise": (lambda s, x, w: s.submanifold(x, w), 1),
    "plain": (lambda s, x, w: s.submanifold(x, w), 27),
    "composite": (lambda s, x, w: s.submanifold(x, w, CELLS), len(CELLS)),
    "shifted": (lambda s, x, w: s.shifted(x, w, FOUR[: w.shape[2]]), 27),
}
WIDTHS = [(1, 1), (3, 24), (24, 33), (33, 3), (32, 16), (64, 48)]
KINDS = ("real weight", "signs of weights", "real features")
operators = pytest.mark.parametrize("name", OPERATORS)


def signs(tensor: Tensor) -> Tensor:
    return torch.where(tensor >= 0, 1.0, -1.0)


def operands(name: str, rows: int, widths: tuple[int, int], kind: str) -> tuple[Tensor, Tensor, Tensor]:
    """Features, weight and the gradient of the result, of which the first two may be signs."""
    x, w = torch.randn(rows, widths[0]), torch.randn(OPERATORS[name][1], *widths)
    x = x if kind == "real features" else signs(x)
    return x, w if kind == "real weight" else signs(w), torch.randn(rows, widths[1])


def run(name: str, sites: NativeSites, x: Tensor, w: Tensor, grad: Tensor) -> list[Tensor]:
    """The value and the gradients of features and weight; features of signs are given as bits."""
    weight = w.clone().requires_grad_()
    if bool((x.abs() == 1).all()):
        leaf = stand_in_for(*x.shape, x).requires_grad_()
        y = OPERATORS[name][0](sites, PackedSigns(pack_signs(x), leaf), weight)
    else:
        leaf = x.clone().requires_grad_()
        y = OPERATORS[name][0](sites, leaf, weight)
    return [y.detach(), *torch.autograd.grad(y, [leaf, weight], grad)]


def in_double(name: str, coords: Tensor, *given: Tensor) -> list[Tensor]:
    x, w, grad = (tensor.double() for tensor in given)
    leaves = [x.requires_grad_(), w.requires_grad_()]
    y = OPERATORS[name][0](TorchSites(coords), *leaves)
    return [y.detach(), *torch.autograd.grad(y, leaves, grad)]


def by(tiles: str, name: str, sites: NativeSites, *given: Tensor) -> list[Tensor]:
    with tiles_of(tiles):
        assert library.tiles() == tiles
        return run(name, sites, *given)


def size(tensor: Tensor) -> float:
    """Root mean square."""
    return float(tensor.square().mean().sqrt())


def error(found: Tensor, wanted: Tensor) -> float:
    return size(found.double() - wanted)


@operators
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_the_error_is_no_larger_than_that_of_floats(name: str, kind: str, widths: tuple[int, int]) -> None:
    coords = SCENES["scattered"]
    sites, given = NativeSites(coords), operands(name, len(coords), widths, kind)
    wanted = in_double(name, coords, *given)
    floats, found = by("off", name, sites, *given), by("emulated", name, sites, *given)
    for one, other, right in zip(found, floats, wanted, strict=True):
        # A sum of three numbers, which floats round twice, may have another error below that of one rounding.
        assert error(one, right) <= max(error(other, right), 2.0**-24 * size(right))


@operators
@pytest.mark.parametrize("coords", SCENES.values(), ids=SCENES.keys())
def test_scenes(name: str, coords: Tensor) -> None:
    given = operands(name, len(coords), (5, 7), "signs of weights")
    found = by("emulated", name, NativeSites(coords), *given)
    for one, right in zip(found, in_double(name, coords, *given), strict=True):
        assert error(one, right) <= 1e-6 * float(right.abs().max())


@pytest.mark.parametrize("kind, taken", [("real weight", "y w"), ("signs of weights", "x w"), ("real features", "y x")])
def test_tiles_are_what_runs(kind: str, taken: str) -> None:
    """Where one operand is signs and the other is not, sums of tiles are rounded otherwise; else they are the same."""
    sites = NativeSites(SCENES["scattered"])
    given = operands("plain", len(sites), (40, 20), kind)
    floats, found = by("off", "plain", sites, *given), by("emulated", "plain", sites, *given)
    assert " ".join(n for n, a, b in zip("yxw", floats, found, strict=True) if not torch.equal(a, b)) == taken


@operators
def test_signs_are_added_up_exactly(name: str) -> None:
    coords = SCENES["scattered"]
    given = operands(name, len(coords), (40, 20), "signs of weights")
    assert torch.equal(
        by("emulated", name, NativeSites(coords), *given)[0].double(), in_double(name, coords, *given)[0]
    )


def wide(*shape: int) -> Tensor:
    """Numbers from far below the smallest normal one to far above it, some equal but for the sign."""
    numbers = torch.randn(*shape) * torch.exp2(torch.randint(-140, -95, shape).float())
    return torch.where(torch.rand(shape) < 0.2, torch.tensor(2.0**-126), numbers)


def fractions(values: Tensor) -> Matrix:
    return [[Fraction(value) for value in row] for row in values.tolist()]


def of_parts(values: Tensor) -> list[Matrix]:
    """The low, middle and high parts."""
    split = [[parts(value) for value in row] for row in values.tolist()]
    return [[[numbers[part] for numbers in row] for row in split] for part in range(3)]


def turned(matrix: Matrix) -> Matrix:
    return [list(row) for row in zip(*matrix, strict=True)]


def zeros(rows: int, columns: int) -> Matrix:
    return [[Fraction(0)] * columns for _ in range(rows)]


@pytest.mark.parametrize("numbers", [torch.randn, wide])
def test_every_sum_is_that_of_the_instruction(numbers: Callable[..., Tensor]) -> None:
    """A tile alone in each of the three products: 32 channels or places, one part after the other."""
    x, w = signs(torch.randn(32, 32)), numbers(32, 3)
    given = x, w[None], numbers(32, 3)
    y, _, dw = by("emulated", "pointwise", NativeSites(random_sites(32, 6)), *given)
    value, weight = zeros(5, 3), zeros(3, 32)
    for part, grad_part in zip(of_parts(w), of_parts(given[2]), strict=True):
        value = add_products(value, fractions(x[:5]), part)
        weight = add_products(weight, turned(grad_part), fractions(x))
    assert fractions(y[:5]) == value
    assert fractions(dw[0].T) == weight
    grad, to_x = numbers(32, 32), zeros(5, 6)
    given = signs(torch.randn(32, 6)), signs(torch.randn(1, 6, 32)), grad
    dx = by("emulated", "pointwise", NativeSites(random_sites(32, 6)), *given)[1]
    for part in of_parts(grad[:5]):
        to_x = add_products(to_x, part, turned(fractions(given[1][0])))
    assert fractions(dx[:5]) == to_x


@operators
@pytest.mark.parametrize("bad", [torch.inf, -torch.inf, torch.nan])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_finite_goes_by_floats(name: str, bad: float, kind: str) -> None:
    sites = NativeSites(SCENES["scattered"])
    x, w, grad = operands(name, len(sites), (5, 8), kind)
    for tensor in (x if kind == "real features" else grad, w if kind == "real weight" else grad):
        tensor.view(-1)[3] = bad
    floats, found = by("off", name, sites, x, w, grad), by("emulated", name, sites, x, w, grad)
    for one, other in zip(found, floats, strict=True):
        assert torch.equal(one.isfinite(), other.isfinite())
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4, equal_nan=True)


def test_what_is_lost_of_small_numbers_is_below_the_smallest_normal_one() -> None:
    sites = NativeSites(SCENES["scattered"])
    x, w, grad = signs(torch.randn(len(sites), 20)), wide(27, 20, 9), wide(len(sites), 9)
    y, _, dw = by("emulated", "plain", sites, x, w, grad)
    right = in_double("plain", SCENES["scattered"], x, w, grad)
    lost = 2.0**-126 * len(sites) * 27 * 3
    assert float((y.double() - right[0]).abs().max()) < lost + 1e-6 * float(right[0].abs().max())
    assert float((dw.double() - right[2]).abs().max()) < lost + 1e-6 * float(right[2].abs().max())


@pytest.mark.parametrize("name", ["plain", "shifted"])
def test_threads_change_no_bit(name: str) -> None:
    """More blocks than one piece of a weight's gradient has."""
    sites = NativeSites(random_sites(2100, 15, 1))
    given, before, found = operands(name, len(sites), (9, 2), "signs of weights"), torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(by("emulated", name, sites, *given))
    finally:
        torch.set_num_threads(before)
    for again in found[1:]:
        assert all(torch.equal(one, other) for one, other in zip(again, found[0], strict=True))


def has_amx() -> bool:
    try:
        with tiles_of("amx"):
            return library.tiles() == "amx"
    except InputError:
        return False


@operators
def test_the_instruction_gives_the_same_bits(name: str) -> None:
    if not has_amx():
        pytest.skip("this CPU has no tiles of AMX: only their emulation is tested")
    sites = NativeSites(SCENES["scattered"])
    for widths, numbers in itertools.product(WIDTHS, (torch.randn, wide)):
        x, w = signs(torch.randn(len(sites), widths[0])), numbers(OPERATORS[name][1], *widths)
        grad = numbers(len(sites), widths[1])
        for given in ((x, w, grad), (x, signs(w), grad)):
            for one, other in zip(by("amx", name, sites, *given), by("emulated", name, sites, *given), strict=True):
                assert torch.equal(one, other), (widths, numbers)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="no x86 code is built here")
def test_the_library_has_the_instructions() -> None:
    if shutil.which("objdump") is None:
        pytest.skip("objdump is not installed")
    path = library.training_library()._name
    code = subprocess.run(["objdump", "-d", path], capture_output=True, text=True, check=True).stdout
    for instruction in ("ldtilecfg", "tilezero", "tileloadd", "tdpbf16ps", "tilestored", "tilerelease"):
        assert f"{instruction} " in code or f"{instruction}\n" in code, instruction


@pytest.mark.parametrize("word", ["abacus", "amx"])
def test_tiles_that_cannot_run_are_refused(word: str) -> None:
    if word == "amx" and has_amx():
        pytest.skip("this CPU has them")
    with tiles_of(word):
        with pytest.raises(InputError, match=f"BSCNET_TILES is '{word}'; .*(no such tiles|off, amx and emulated)"):
            library.tiles()
        with pytest.raises(InputError, match="BSCNET_TILES"):
            run("pointwise", NativeSites(SCENES["one site"]), *operands("pointwise", 1, (2, 3), "real weight"))


def test_a_forced_level_is_without_tiles_unless_they_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BSCNET_IMPLEMENTATION", "scalar")
    with tiles_of(""):
        assert library.tiles() == "off"


def test_numbers_are_split_without_rest() -> None:
    for value in np.float32([1 / 3, -1e30, 3.4028235e38, 16777215.0, 2**-102 / 3]).tolist():
        assert sum(parts(value)) == Fraction(value)
