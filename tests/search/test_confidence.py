"""T13: a uniform group costs ``log(n_s) / n_s``, a decided one nothing; the other kinds in closed form."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from bscnet.errors import InputError
from bscnet.nn import CompositeShiftConv3d, SparseConv3d
from bscnet.search import CANDIDATES, CONFIDENCE, confidence_loss, reduce_confidence
from bscnet.settings.words import Reduction, words

CLOSED_FORM = {
    "entropy": lambda pi: -sum(p * math.log(p) for p in pi if p > 0),
    "one_minus_max": lambda pi: 1 - max(pi),
    "nll_max": lambda pi: -math.log(max(pi)),
    "neg_l2": lambda pi: -sum(p * p for p in pi),
}


def network(groups: int = 4) -> nn.Sequential:
    return nn.Sequential(
        SparseConv3d(3, 8),
        CompositeShiftConv3d(8, 8, groups, CANDIDATES["all27"]),
        CompositeShiftConv3d(8, 16, groups, CANDIDATES["faces7"]),
    ).double()


def decided(net: nn.Sequential) -> nn.Sequential:
    for layer in net[1:]:
        nn.init.constant_(layer.alpha, -1e4)
        layer.alpha.data[:, 2] = 0.0
    return net


@pytest.mark.parametrize("groups", [1, 4])
def test_uniform_groups_cost_their_share_of_the_entropy(groups: int) -> None:
    loss = confidence_loss(network(groups), "entropy", "paper")
    assert float(loss.detach()) == pytest.approx(groups * (math.log(27) / 27 + math.log(7) / 7), rel=1e-12)


@pytest.mark.parametrize("reduce", words(Reduction))
@pytest.mark.parametrize("kind", ["entropy", "one_minus_max", "nll_max"])
def test_decided_groups_cost_nothing(kind: str, reduce: str) -> None:
    loss = confidence_loss(decided(network()), kind, reduce)
    loss.backward()
    assert float(loss.detach()) == 0


@pytest.mark.parametrize("kind", ["entropy", "one_minus_max", "nll_max"])
def test_every_kind_is_least_where_the_search_has_decided(kind: str) -> None:
    undecided, sure = confidence_loss(network(), kind), confidence_loss(decided(network()), kind)
    assert float(undecided.detach()) > float(sure.detach())


def test_squares_are_least_where_the_search_has_decided() -> None:
    assert float(confidence_loss(decided(network()), "neg_l2", "sum").detach()) == -8
    assert float(confidence_loss(network(), "neg_l2", "sum").detach()) == pytest.approx(-4 / 27 - 4 / 7)


@pytest.mark.parametrize("reduce", words(Reduction))
@pytest.mark.parametrize("kind", list(CONFIDENCE))
def test_values_follow_their_formula(kind: str, reduce: str) -> None:
    pis = [torch.randn(g, n, dtype=torch.float64).softmax(1) for g, n in ((4, 27), (2, 7), (1, 1))]
    values = [[CLOSED_FORM[kind](row) for row in pi.tolist()] for pi in pis]
    expected = {
        "sum": sum(map(sum, values)),
        "mean": sum(map(sum, values)) / 7,
        "paper": sum(sum(of_layer) / pi.shape[1] for of_layer, pi in zip(values, pis, strict=True)),
    }[reduce]
    assert float(reduce_confidence(pis, kind, reduce)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("kind", list(CONFIDENCE))
def test_gradients_reach_the_logits(kind: str) -> None:
    def loss(logits: Tensor) -> Tensor:
        return reduce_confidence([logits.softmax(1)], kind)

    assert torch.autograd.gradcheck(loss, torch.randn(4, 7, dtype=torch.float64, requires_grad=True))
    net = network()
    for layer in net[1:]:
        nn.init.normal_(layer.alpha)
    confidence_loss(net, kind).backward()
    assert all(bool(layer.alpha.grad.abs().sum() > 0) for layer in net[1:])


def test_bad_names_and_networks_are_refused() -> None:
    with pytest.raises(InputError, match="conf=gini is not known: allowed are entropy"):
        confidence_loss(network(), "gini")
    with pytest.raises(InputError, match="reduce=max is not known: allowed are paper, mean, sum"):
        confidence_loss(network(), "entropy", "max")
    with pytest.raises(InputError, match="no composite convolution"):
        confidence_loss(nn.Sequential(SparseConv3d(3, 8)))


@pytest.mark.parametrize("reduce, power", [("paper", 2), ("sum", 1), ("mean", 1)])
def test_how_often_the_number_of_candidates_counts(reduce: str, power: int) -> None:
    """The entropy's gradient at an undecided logit falls with 1/n_s; the reduction ``paper`` divides once more."""
    gradients = {}
    for count in (9, 27):
        logits = torch.zeros(1, count, dtype=torch.float64)
        logits[0, 0] = 1e-3
        logits.requires_grad_()
        reduce_confidence([logits.softmax(1)], "entropy", reduce).backward()
        gradients[count] = -float(logits.grad[0, 0])
    assert gradients[9] / gradients[27] == pytest.approx(3**power, rel=0.1)
