"""Decisions: the mean of pi, and shifts ranked by their losses where a shift is planted."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from bscnet.nn import CompositeShiftConv3d, ShiftedSparseConv3d
from bscnet.search import CANDIDATES, MeanImportance, composite_layers, discretise, share_by_level, shift_losses
from bscnet.sparse import SparseTensor
from fixtures.sites import random_sites

COORDS = random_sites(150, 6)
PLANTED = ((1, 0, -1), (0, 0, 0), (-1, 1, 0), (0, 0, 1))


class Task:
    """A layer of 4 groups must give what a shifted one with the planted shifts and the same weights gives."""

    def __init__(self, logits: str = "free", relax: str = "softmax", planted: tuple = PLANTED) -> None:
        torch.manual_seed(0)
        self.network = nn.Sequential(
            CompositeShiftConv3d(3, 8, 4, CANDIDATES["all27"], None, None, relax, True, logits)
        )
        self.layer = self.network[0]
        truth = ShiftedSparseConv3d(3, 8, planted)
        truth.load_state_dict({"weight": self.layer.weight, "shifts": truth.shifts})
        self.scenes = [SparseTensor(torch.randn(len(COORDS), 3), COORDS, "torch") for _ in range(2)]
        with torch.no_grad():
            self.targets = [truth(x).feats for x in self.scenes]

    def loss(self, number: int) -> float:
        return float((self.network(self.scenes[number]).feats - self.targets[number]).square().mean())


@pytest.mark.parametrize("logits, relax", [("free", "softmax"), ("factorised", "softmax"), ("free", "supernet")])
def test_ranking_finds_the_planted_shifts(logits: str, relax: str) -> None:
    task = Task(logits, relax)
    losses = shift_losses(task.network, task.loss, 2, drawn=relax == "supernet")
    assert discretise(task.network, {name: -table for name, table in losses.items()}).shifts["0"] == PLANTED


def test_ranking_among_orbits_finds_those_planted_among_the_open_shifts() -> None:
    planted = tuple(options[k] for options, k in zip(Task("orbits").layer.source.options, (2, 0, 7, 4), strict=True))
    task = Task("orbits", planted=planted)
    losses = shift_losses(task.network, task.loss, 1)
    assert discretise(task.network, {name: -table for name, table in losses.items()}).shifts["0"] == planted
    assert int(losses["0"].isinf().sum()) == 4 * 18


def test_a_ranked_loss_is_that_of_the_shift_alone_among_what_the_search_left() -> None:
    task = Task()
    nn.init.normal_(task.layer.alpha)
    before = {name: value.clone() for name, value in task.network.state_dict().items()}
    task.network.train()
    losses = shift_losses(task.network, task.loss, 2)
    assert task.network.training
    assert all(torch.equal(value, before[name]) for name, value in task.network.state_dict().items())
    with torch.no_grad():
        task.layer.alpha[1] = -1e4
        task.layer.alpha[1, 5] = 0.0
        expected = (task.loss(0) + task.loss(1)) / 2
    assert float(losses["0"][1, 5]) == pytest.approx(expected, rel=1e-6)


def test_drawn_surroundings_are_the_same_for_all_shifts_and_follow_the_seed() -> None:
    task = Task(relax="supernet")
    one, same, other = (shift_losses(task.network, task.loss, 2, True, seed)["0"] for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)
    # the loss is a sum over groups, so the surroundings move all shifts of a group alike
    torch.testing.assert_close(one - one[:, :1], other - other[:, :1], rtol=1e-4, atol=1e-5)


def test_layers_with_shared_logits_are_ranked_as_one() -> None:
    network = nn.Sequential(*(CompositeShiftConv3d(3, 3, 1, CANDIDATES["faces7"]) for _ in range(2)))
    share_by_level(network)
    layers = composite_layers(network)
    assert layers["0"].alpha is layers["1"].alpha
    seen: list[Tensor] = []

    def loss(number: int) -> float:
        seen.append(torch.stack([layer.importance().argmax() for layer in layers.values()]))
        return 0.0

    losses = shift_losses(network, loss, 1)
    assert torch.equal(torch.stack(seen), torch.arange(7)[:, None].expand(7, 2))
    assert torch.equal(losses["0"], losses["1"])


def test_the_mean_of_pi_decides_where_logits_swing() -> None:
    network = nn.Sequential(CompositeShiftConv3d(3, 8, 1, CANDIDATES["faces7"]))
    mean = MeanImportance()
    pis = []
    for step in range(10):
        with torch.no_grad():
            network[0].alpha.zero_()
            network[0].alpha[0, 2] = 2.0
            if step == 9:
                network[0].alpha[0, 4] = 3.0
        pis.append(network[0].importance().detach())
        mean.add(network)
    torch.testing.assert_close(mean.scores()["0"], torch.stack(pis).mean(0))
    candidates = CANDIDATES["faces7"]
    assert discretise(network).shifts["0"] == (candidates[4],)
    assert discretise(network, mean.scores()).shifts["0"] == (candidates[2],)
    again = MeanImportance()
    again.load(mean.state())
    again.add(network)
    mean.add(network)
    assert torch.equal(again.scores()["0"], mean.scores()["0"])
