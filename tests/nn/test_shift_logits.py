"""Where logits come from: what a mixture of each kind is, and that a sure one is a shifted convolution."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from bscnet.nn import ORBITS, CompositeShiftConv3d, ShiftedSparseConv3d, SparseConv3d, orbit_of
from bscnet.nn.shift_logits import log_odds
from bscnet.search import CANDIDATES, manual_shifts
from bscnet.sparse import SparseTensor
from fixtures.sites import random_sites

COORDS = random_sites()
ALL = CANDIDATES["all27"]
KINDS = ("free", "factorised", "orbits")


def scene(backend: str = "torch") -> SparseTensor:
    return SparseTensor(torch.randn(len(COORDS), 3, dtype=torch.float64), COORDS, backend)


def searched(logits: str, groups: int = 4, **rest: object) -> CompositeShiftConv3d:
    conv = CompositeShiftConv3d(3, 8, groups, ALL, logits=logits, **rest).double()
    if "start" not in rest:
        torch.nn.init.normal_(conv.alpha)
    return conv


def fixed(conv: CompositeShiftConv3d, shifts: object) -> ShiftedSparseConv3d:
    """The discretised layer."""
    layer = ShiftedSparseConv3d(3, 8, shifts).double()
    layer.load_state_dict({"weight": conv.weight, "shifts": layer.shifts})
    return layer


def test_there_are_nine_orbits_of_the_turns_about_z_and_the_mirrors() -> None:
    assert sorted(itertools.chain.from_iterable(ORBITS.values())) == sorted(ALL)
    turned = {shift: orbit_of(shift) for shift in ALL}
    for (x, y, z), name in turned.items():
        assert turned[-y, x, z] == turned[-x, y, z] == name
        assert name == f"{['level', 'above', 'below'][z]} {['centre', 'side', 'diagonal'][abs(x) + abs(y)]}"
    assert [len(shifts) for shifts in ORBITS.values()] == [1, 4, 4] * 3


@pytest.mark.parametrize("weight, choices", [(0.9, 27), (0.5, 3), (0.04, 27), (1 / 7, 7), (1.0, 27), (0.3, 1)])
def test_log_odds_give_the_weight(weight: float, choices: int) -> None:
    pi = torch.tensor([log_odds(weight, choices)] + [0.0] * (choices - 1), dtype=torch.float64).softmax(0)
    assert float(pi[0]) == pytest.approx(weight if choices > 1 else 1.0, rel=1e-12)


def test_factorised_logits_are_a_product_over_the_axes() -> None:
    conv = searched("factorised")
    assert conv.alpha.shape == (4, 9)
    axes = conv.alpha.detach().view(4, 3, 3).softmax(2)
    for i, shift in enumerate(ALL):
        expected = math.prod(axes[2, axis, value + 1].item() for axis, value in enumerate(shift))
        assert conv.importance()[2, i].item() == pytest.approx(expected, rel=1e-12)


def test_orbits_open_one_shift_of_each_to_a_group_and_the_opposite_one_to_the_next() -> None:
    conv = searched("orbits")
    pi, q = conv.importance().detach(), conv.alpha.detach().softmax(1)
    assert conv.alpha.shape == (4, 9)
    for group, options in enumerate(conv.source.options):
        assert [orbit_of(shift) for shift in options] == list(ORBITS)
        for place, shift in enumerate(options):
            assert pi[group, ALL.index(shift)] == q[group, place]
    torch.testing.assert_close(pi.sum(1), torch.ones(4).double())
    assert int((pi > 0).sum()) == 4 * 9
    for one, next_one in zip(conv.source.options[0], conv.source.options[1], strict=True):
        assert one[2] == next_one[2] and (one[0], one[1]) == (-next_one[0], -next_one[1])


@pytest.mark.parametrize("logits", KINDS)
@pytest.mark.parametrize("relax", ["softmax", "gumbel_st"])
def test_a_sure_mixture_is_the_discretised_layer(backend: str, logits: str, relax: str) -> None:
    conv, x = searched(logits, relax=relax).eval(), scene(backend)
    chosen = [options[3] for options in conv.source.options]
    with torch.no_grad():
        for group, shift in enumerate(chosen):
            conv.alpha[group] = conv.source.row(group, shift, 1.0)
    best = [ALL[int(i)] for i in conv.scores().argmax(1)]
    assert best == chosen
    torch.testing.assert_close(conv(x).feats, fixed(conv, chosen)(x).feats, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("logits", KINDS)
def test_the_best_score_is_the_most_likely_shift(logits: str) -> None:
    conv = searched(logits)
    assert torch.equal(conv.scores().argmax(1), conv.importance().argmax(1))


@pytest.mark.parametrize("logits", KINDS)
@pytest.mark.parametrize("preset", ["none", "tetra4"])
def test_a_search_starts_at_a_shift_with_the_weight_asked_for(logits: str, preset: str) -> None:
    shifts = manual_shifts(preset, 4)
    pi = searched(logits, start=shifts, start_weight=0.9).importance().detach()
    for group, shift in enumerate(shifts):
        assert pi[group, ALL.index(shift)].item() == pytest.approx(0.9, rel=1e-6)
    torch.testing.assert_close(pi.sum(1), torch.ones(4).double())


@pytest.mark.parametrize("logits", KINDS)
def test_starting_at_the_centre_for_certain_is_the_plain_layer(backend: str, logits: str) -> None:
    plain, x = SparseConv3d(3, 8).double(), scene(backend)
    expected = plain(x).feats
    distances = []
    for weight in (0.9, 0.99, 0.9999, 1.0):
        conv = searched(logits, start=[(0, 0, 0)] * 4, start_weight=weight)
        conv.weight.data.copy_(plain.weight)
        distances.append(float((conv(x).feats - expected).detach().abs().max()))
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-12


@pytest.mark.parametrize("logits", KINDS)
def test_gradients_reach_every_logit(logits: str) -> None:
    conv = searched(logits)
    conv(scene()).feats.square().sum().backward()
    assert conv.alpha.grad is not None and bool((conv.alpha.grad != 0).all())
