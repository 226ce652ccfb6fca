"""T4 and T5: the composite convolution is the mixture of shifted ones, and a one-hot mixture is one of them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bscnet.errors import InputError
from bscnet.nn import CompositeShiftConv3d, ShiftedSparseConv3d
from bscnet.quantizers import SignQuantizer, WeightQuantizer
from bscnet.search import CANDIDATES
from bscnet.sparse import SparseTensor
from fixtures.sites import random_sites
from oracles.dense_convolution import dense_convolution, embedded_kernel

COORDS = random_sites()
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-4}


def scene(backend: str, dtype: torch.dtype = torch.float64) -> SparseTensor:
    return SparseTensor(torch.randn(len(COORDS), 3, dtype=dtype), COORDS, backend)


def searched(candidates: str, groups: int, dtype: torch.dtype = torch.float64, **rest: object) -> CompositeShiftConv3d:
    conv = CompositeShiftConv3d(3, 8, groups, CANDIDATES[candidates], **rest).to(dtype)
    torch.nn.init.normal_(conv.alpha)
    return conv


def mixture(conv: CompositeShiftConv3d, feats: Tensor, pi: Tensor, weight: Tensor) -> Tensor:
    """``sum_i pi_i SFSC_{s_i}(x; W_i)`` group by group, every candidate by a dense convolution of its own."""
    parts = []
    for group, channels in enumerate(torch.arange(8).tensor_split(len(pi))):
        total = feats.new_zeros(len(feats), len(channels))
        for i, shift in enumerate(conv.candidates.tolist()):
            kernel = (weight if conv.share_kernel else weight[i])[..., channels]
            total = total + pi[group, i] * dense_convolution(COORDS, feats, embedded_kernel(kernel, tuple(shift)))
        parts.append(total)
    return torch.cat(parts, dim=1)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("share_kernel", [True, False])
@pytest.mark.parametrize("candidates, groups", [("all27", 4), ("corners9", 3), ("faces7", 1)])
def test_composite_is_the_mixture_of_shifted_convolutions(
    backend: str, candidates: str, groups: int, share_kernel: bool, dtype: torch.dtype
) -> None:
    conv = searched(candidates, groups, dtype, share_kernel=share_kernel)
    x = scene(backend, dtype)
    x.feats.requires_grad_()
    found, expected = conv(x).feats, mixture(conv, x.feats, conv.alpha.softmax(1), conv.weight)
    tolerance = TOLERANCE[dtype]
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
    upstream = torch.randn_like(found)
    leaves = (x.feats, conv.weight, conv.alpha)
    for one, other in zip(
        torch.autograd.grad(found, leaves, upstream), torch.autograd.grad(expected, leaves, upstream), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=10 * tolerance, atol=10 * tolerance)


def test_mixture_of_the_shifted_modules_themselves(backend: str) -> None:
    conv, x = searched("corners9", 4), scene(backend)
    pi = conv.importance().detach()
    total = torch.zeros(len(COORDS), 8, dtype=torch.float64)
    for i, shift in enumerate(conv.candidates.tolist()):
        branch = ShiftedSparseConv3d(3, 8, [shift] * 4).double()
        branch.load_state_dict({"weight": conv.weight, "shifts": branch.shifts})
        total += pi[:, i].repeat_interleave(2) * branch(x).feats.detach()
    torch.testing.assert_close(conv(x).feats.detach(), total, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("share_kernel", [True, False])
@pytest.mark.parametrize("act, weight", [(False, False), (True, False), (True, True)])
def test_identity_holds_for_any_precision(backend: str, act: bool, weight: bool, share_kernel: bool) -> None:
    quantizers = (SignQuantizer() if act else None, WeightQuantizer(8) if weight else None)
    conv = searched(
        "faces7", 4, input_quantizer=quantizers[0], weight_quantizer=quantizers[1], share_kernel=share_kernel
    )
    x = scene(backend)
    feats = (x.feats >= 0).double() * 2 - 1 if act else x.feats
    kernel = (conv.weight >= 0).double() * 2 - 1 if weight else conv.weight
    scale = conv.weight.abs().flatten(0, -2).mean(0) if weight else 1.0
    expected = mixture(conv, feats, conv.importance(), kernel) * scale
    torch.testing.assert_close(conv(x).feats, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("binary", [False, True])
def test_one_hot_mixture_is_the_shifted_convolution(backend: str, binary: bool) -> None:
    quantizers = (SignQuantizer(), WeightQuantizer(8)) if binary else (None, None)
    conv = searched("all27", 4, input_quantizer=quantizers[0], weight_quantizer=quantizers[1])
    chosen = torch.tensor([0, 5, 13, 26])
    with torch.no_grad():
        conv.alpha.fill_(-1e4)
        conv.alpha[torch.arange(4), chosen] = 0.0
    fixed = ShiftedSparseConv3d(3, 8, conv.candidates[chosen], *quantizers).double()
    fixed.load_state_dict({"weight": conv.weight, "shifts": fixed.shifts})
    x = scene(backend)
    torch.testing.assert_close(conv(x).feats, fixed(x).feats, rtol=1e-12, atol=1e-12)


def test_one_candidate_is_no_search(backend: str) -> None:
    conv = CompositeShiftConv3d(3, 8, 2, [(0, 1, -1)]).double()
    fixed = ShiftedSparseConv3d(3, 8, [(0, 1, -1)] * 2).double()
    fixed.load_state_dict({"weight": conv.weight, "shifts": fixed.shifts})
    x = scene(backend)
    torch.testing.assert_close(conv(x).feats, fixed(x).feats, rtol=1e-12, atol=1e-12)


def test_search_begins_undecided() -> None:
    conv = CompositeShiftConv3d(3, 8, 4, CANDIDATES["all27"])
    torch.testing.assert_close(conv.importance(), torch.full((4, 27), 1 / 27))


def test_wide_inputs_have_the_same_mixture(backend: str) -> None:
    """From 64 input channels on the torch backend takes another way."""
    conv = CompositeShiftConv3d(64, 8, 4, CANDIDATES["faces7"]).double()
    torch.nn.init.normal_(conv.alpha)
    x = SparseTensor(torch.randn(len(COORDS), 64, dtype=torch.float64, requires_grad=True), COORDS, backend)
    found, expected = conv(x).feats, mixture(conv, x.feats, conv.alpha.softmax(1), conv.weight)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    upstream = torch.randn_like(found)
    leaves = (x.feats, conv.weight, conv.alpha)
    for one, other in zip(
        torch.autograd.grad(found, leaves, upstream), torch.autograd.grad(expected, leaves, upstream), strict=True
    ):
        torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("relax", ["gumbel_softmax", "gumbel_st"])
def test_gumbel_training_samples_the_mixture(backend: str, relax: str) -> None:
    conv, x = searched("corners9", 4, relax=relax), scene(backend)
    conv.temperature = 0.7
    torch.manual_seed(3)
    found = conv(x).feats
    torch.manual_seed(3)
    noise = -torch.empty(4, 9, dtype=torch.float64).exponential_().log()
    soft = ((conv.alpha + noise) / 0.7).softmax(1)
    pi = torch.nn.functional.one_hot(soft.argmax(1), 9).double() if relax == "gumbel_st" else soft
    torch.testing.assert_close(found, mixture(conv, x.feats, pi, conv.weight), rtol=1e-12, atol=1e-12)
    # straight through: hard samples forward, the soft sample's gradient
    (to_alpha,) = torch.autograd.grad(found.square().sum(), conv.alpha)
    leaf = pi.detach().requires_grad_()
    (to_pi,) = torch.autograd.grad(mixture(conv, x.feats, leaf, conv.weight).square().sum(), leaf)
    (expected,) = torch.autograd.grad(soft, conv.alpha, to_pi)
    torch.testing.assert_close(to_alpha, expected, rtol=1e-9, atol=1e-9)


def evaluated_weights(relax: str, alpha: Tensor, temperature: float) -> Tensor:
    """What training's samples tend to: the same function without noise."""
    if relax in ("gumbel_st", "supernet"):
        return torch.nn.functional.one_hot(alpha.argmax(1), alpha.shape[1]).double()
    return (alpha / temperature).softmax(1)


@pytest.mark.parametrize("relax", ["softmax", "gumbel_softmax", "gumbel_st", "supernet"])
@pytest.mark.parametrize("temperature", [0.3, 1.0])
def test_evaluation_uses_the_mixture_that_training_samples(backend: str, relax: str, temperature: float) -> None:
    conv, x = searched("corners9", 4, relax=relax).eval(), scene(backend)
    conv.temperature = temperature
    expected = mixture(conv, x.feats, evaluated_weights(relax, conv.alpha, temperature), conv.weight)
    torch.testing.assert_close(conv(x).feats, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("relax", ["gumbel_softmax", "gumbel_st"])
def test_samples_and_evaluation_are_functions_of_one_kind(relax: str) -> None:
    """The channels' mean square over sites is alike; that of the plain softmax mixture is a fraction of it."""
    torch.manual_seed(1)
    conv, x = CompositeShiftConv3d(3, 64, 16, CANDIDATES["all27"], relax=relax), scene("torch", torch.float32)
    conv.temperature = 0.1
    torch.nn.init.normal_(conv.alpha, std=0.5)
    sampled, evaluated = (float(conv.train(mode)(x).feats.detach().square().mean()) for mode in (True, False))
    plain = CompositeShiftConv3d(3, 64, 16, CANDIDATES["all27"])
    plain.load_state_dict(conv.state_dict())
    blurred = float(plain(x).feats.detach().square().mean())
    assert 0.5 < evaluated / sampled < 2 and blurred < 0.3 * sampled


def test_a_super_network_draws_each_shift_equally_often(backend: str) -> None:
    conv = searched("faces7", 4, relax="supernet")
    assert not conv.alpha.requires_grad
    x = scene(backend)
    torch.manual_seed(5)
    found = conv(x).feats
    torch.manual_seed(5)
    pi = torch.nn.functional.one_hot(torch.randint(7, (4,)), 7).double()
    torch.testing.assert_close(found, mixture(conv, x.feats, pi, conv.weight), rtol=1e-12, atol=1e-12)
    found.sum().backward()
    assert conv.weight.grad is not None and conv.alpha.grad is None
    drawn = sum(conv.relaxation.training(conv.choices(), 1.0) for _ in range(700)) / 700
    torch.testing.assert_close(drawn, torch.full((4, 7), 1 / 7).double(), rtol=0, atol=0.06)


def test_a_search_trains_after_an_evaluation_in_inference_mode(backend: str) -> None:
    coords = random_sites(30)
    conv = CompositeShiftConv3d(3, 4, 2, [(1, 1, 0), (0, -1, 1), (1, 0, -1)])  # candidates of no other test
    with torch.inference_mode():
        conv(SparseTensor(torch.randn(len(coords), 3), coords, backend=backend))
    conv(SparseTensor(torch.randn(len(coords), 3), coords, backend=backend)).feats.sum().backward()
    assert conv.alpha.grad is not None and torch.isfinite(conv.alpha.grad).all()


def test_bad_searches_are_refused() -> None:
    with pytest.raises(InputError, match="relax=hard is not known"):
        CompositeShiftConv3d(3, 8, 4, CANDIDATES["faces7"], relax="hard")
    with pytest.raises(InputError, match="logits=tied is not known: allowed are free, factorised, orbits"):
        CompositeShiftConv3d(3, 8, 4, CANDIDATES["faces7"], logits="tied")
    with pytest.raises(InputError, match="2 shifts to start at are given for 4 channel groups"):
        CompositeShiftConv3d(3, 8, 4, CANDIDATES["faces7"], start=[(0, 0, 0)] * 2)
    with pytest.raises(InputError, match=r"cannot start at shift \(1, 1, 1\), which is not among its candidates"):
        CompositeShiftConv3d(3, 8, 4, CANDIDATES["faces7"], start=[(1, 1, 1)] * 4)
    for logits in ("factorised", "orbits"):
        with pytest.raises(InputError, match=f"logits={logits} is of all 27 shifts, but there are 7"):
            CompositeShiftConv3d(3, 8, 4, CANDIDATES["faces7"], logits=logits)
    with pytest.raises(InputError, match="each may be listed once"):
        CompositeShiftConv3d(3, 8, 4, [(0, 0, 0), (1, 0, 0), (0, 0, 0)])
    with pytest.raises(InputError, match="-1, 0 or 1"):
        CompositeShiftConv3d(3, 8, 4, [(0, 0, 2)])
    for groups in (0, 9):
        with pytest.raises(InputError, match="channel groups"):
            CompositeShiftConv3d(3, 8, groups, CANDIDATES["faces7"])
