"""T1 and T7 for the convolution modules: dense conv3d masked to the sites; integers of the right parity when binary."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from bscnet.errors import InputError
from bscnet.nn import (
    QuantizedConv,
    ShiftedSparseConv3d,
    SparseConv3d,
    StridedConv3d,
    TransposedConv3d,
    binary_weights,
)
from bscnet.quantizers import RSign, SignQuantizer, WeightQuantizer
from bscnet.sparse import SparseTensor
from fixtures.sites import full_cube, random_sites
from oracles import sparse_convolution as oracle
from oracles.dense_convolution import dense_convolution

SCENES = {"scattered": random_sites(), "cube": full_cube(4), "one site": torch.tensor([[0, -3, 5, 1]])}
scenes = pytest.mark.parametrize("coords", SCENES.values(), ids=SCENES.keys())
SHIFTS = [(1, 1, 1), (0, 0, 0), (-1, 0, 1)]


def scene(coords: Tensor, channels: int, backend: str) -> SparseTensor:
    return SparseTensor(torch.randn(len(coords), channels, dtype=torch.float64), coords, backend)


def signs(values: Tensor) -> Tensor:
    return (values >= 0).double() * 2 - 1


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@scenes
@pytest.mark.parametrize("size", [1, 3, 5])
def test_submanifold_equals_the_masked_dense_convolution(backend: str, coords: Tensor, size: int) -> None:
    x, conv = scene(coords, 3, backend), SparseConv3d(3, 6, size).double()
    y = conv(x)
    assert y.sites is x.sites
    close(y.feats, dense_convolution(coords, x.feats, conv.weight))


@scenes
@pytest.mark.parametrize("size", [1, 3])
def test_binary_convolution_is_the_dense_one_of_the_signs(backend: str, coords: Tensor, size: int) -> None:
    conv = SparseConv3d(3, 6, size, SignQuantizer(), WeightQuantizer(6)).double()
    x = scene(coords, 3, backend)
    expected = dense_convolution(coords, signs(x.feats), signs(conv.weight)) * conv.weight.abs().mean((0, 1))
    close(conv(x).feats, expected)


@pytest.mark.parametrize("shift", [(0, 0, 0), (1, 1, 1), (0, -1, 1)])
@pytest.mark.parametrize("channels", [1, 3, 16])
def test_binary_sums_are_integers_of_the_parity_of_their_terms(
    backend: str, channels: int, shift: tuple[int, int, int]
) -> None:
    """``y / scale = C_in * present - 2 * popcount``."""
    coords = random_sites()
    conv = ShiftedSparseConv3d(channels, 8, [shift] * 4, SignQuantizer(), WeightQuantizer(8)).double()
    sums = conv(scene(coords, channels, backend)).feats / conv.weight.abs().mean((0, 1))
    whole = sums.round()
    torch.testing.assert_close(sums, whole, rtol=0, atol=1e-9)
    terms = channels * oracle.present_neighbours(coords, shift)[:, None]
    assert bool(((whole.long() - terms) % 2 == 0).all())
    assert bool((whole.abs() <= terms).all())


def test_strided_and_transposed_binary_sums_are_integers(backend: str) -> None:
    x = scene(random_sites(), 5, backend)
    down = StridedConv3d(5, 4, SignQuantizer(), WeightQuantizer(4)).double()
    up = TransposedConv3d(4, 3, SignQuantizer(), WeightQuantizer(3)).double()
    coarse = down(x)
    sums = coarse.feats / down.weight.abs().mean((0, 1))
    torch.testing.assert_close(sums, sums.round(), rtol=0, atol=1e-9)
    terms = {site: 5 * len(members) for site, members in oracle.children(x.coords).items()}
    for line, site in zip(sums.round().long().tolist(), coarse.coords.tolist(), strict=True):
        assert all((value - terms[tuple(site)]) % 2 == 0 for value in line)
    raised = up(coarse, x.sites).feats / up.weight.abs().mean((0, 1))
    # one cell only reaches a fine site, so the sum has 4 terms
    assert set(raised.round().unique().tolist()) <= {-4.0, -2.0, 0.0, 2.0, 4.0}
    torch.testing.assert_close(raised, raised.round(), rtol=0, atol=1e-9)


def test_strided_and_transposed_follow_their_formula(backend: str) -> None:
    x = scene(random_sites(), 3, backend)
    down, up = StridedConv3d(3, 4).double(), TransposedConv3d(4, 2).double()
    coarse = down(x)
    field = oracle.down(x.coords, x.feats, down.weight)
    close(coarse.feats, oracle.rows_of(field, coarse.coords))
    fine = up(coarse, x.sites)
    assert fine.sites is x.sites
    close(fine.feats, oracle.up(field, x.coords, up.weight))


def test_a_transposed_convolution_needs_the_sites_it_came_from(backend: str) -> None:
    x, other = scene(random_sites(), 3, backend), scene(random_sites(), 3, backend)
    coarse, up = StridedConv3d(3, 4).double()(x), TransposedConv3d(4, 2).double()
    for fine in (None, other.sites, coarse.sites):
        with pytest.raises(InputError, match="finer sites"):
            up(coarse, fine)


@pytest.mark.parametrize("scale", ["mean_abs", "learned"])
def test_gradients_of_a_binary_convolution(backend: str, scale: str) -> None:
    """Through both signs and, where it is learned, the scale; the detached scale gets none."""
    coords = random_sites()
    conv = SparseConv3d(3, 4, 3, SignQuantizer("clip"), WeightQuantizer(4, scale)).double()
    feats = torch.randn(len(coords), 3, dtype=torch.float64, requires_grad=True)
    upstream = torch.randn(len(coords), 4, dtype=torch.float64)
    conv(SparseTensor(feats, coords, backend)).feats.backward(upstream)
    inputs, kernel = signs(feats.detach()).requires_grad_(), signs(conv.weight.detach()).requires_grad_()
    factor = conv.weight.detach().abs().mean((0, 1)) if scale == "mean_abs" else torch.ones(4, dtype=torch.float64)
    raw = dense_convolution(coords, inputs, kernel)
    to_feats, to_weight = torch.autograd.grad(raw, (inputs, kernel), upstream * factor)
    close(feats.grad, to_feats * (feats.detach().abs() <= 1))
    close(conv.weight.grad, to_weight * (conv.weight.detach().abs() <= 1))
    if scale == "learned":
        close(conv.weight_quantizer.scale.value.grad, (upstream * raw.detach()).sum(0))


def test_initial_spread_is_that_of_sparseconvnet() -> None:
    for conv, terms in ((SparseConv3d(64, 64), 27 * 64), (StridedConv3d(64, 64), 8 * 64), (SparseConv3d(9, 900, 1), 9)):
        assert float(conv.weight.detach().square().mean()) == pytest.approx(2 / terms, rel=0.05)


def test_binary_weights_are_those_with_a_quantizer() -> None:
    binary = SparseConv3d(3, 4, 1, weight_quantizer=WeightQuantizer(4))
    strided = StridedConv3d(4, 4, SignQuantizer(), WeightQuantizer(4, "learned"))
    network = nn.Sequential(SparseConv3d(3, 4), binary, nn.Linear(4, 4), strided, SparseConv3d(4, 4, 3, RSign(4)))
    assert [id(weight) for weight in binary_weights(network)] == [id(binary.weight), id(strided.weight)]


@pytest.mark.parametrize("size", [0, 2, 4, 7])
def test_other_kernel_sizes_are_refused(size: int) -> None:
    with pytest.raises(InputError, match="allowed are 1, 3, 5"):
        SparseConv3d(3, 4, size)


@pytest.mark.parametrize("make", [SparseConv3d, StridedConv3d, TransposedConv3d])
@pytest.mark.parametrize("channels", [(0, 4), (4, 0), (-1, 1)])
def test_channels_must_be_positive(make: type[QuantizedConv], channels: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="at least 1"):
        make(*channels)


@pytest.mark.parametrize("size", [1, 3])
def test_other_channels_than_its_own_are_refused(backend: str, size: int) -> None:
    for given in (2, 4):
        with pytest.raises(InputError, match=f"features have {given} channels; this convolution takes 3"):
            SparseConv3d(3, 4, size).double()(scene(random_sites(), given, backend))
