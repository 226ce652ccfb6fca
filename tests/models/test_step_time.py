"""Timing steps leaves everything as it was, and keeps within its budget."""

from __future__ import annotations

import copy
import random

import numpy as np
import pytest
import torch

from bscnet.models import LayerFactory, NetworkSpec, step_time
from bscnet.models.step_time import StepTimes, step_times
from bscnet.sparse import SparseTensor

CELLS = torch.arange(1500)
COORDS = torch.stack([torch.zeros_like(CELLS), CELLS % 37, CELLS // 37 % 13, CELLS // 481], dim=1)


@pytest.mark.parametrize("conv", ["plain", "shifted", "composite"])
def test_weights_statistics_gradients_and_random_streams_stay(conv: str) -> None:
    network = NetworkSpec("unet", 8, 1, 2, 3, 5, LayerFactory(precision="a1w1", conv=conv)).build()
    feats = torch.rand(len(COORDS), 3)
    network(SparseTensor(feats, COORDS)).sum().backward()
    network.eval()
    before = copy.deepcopy(network)
    gradients = [parameter.grad.clone() for parameter in network.parameters() if parameter.grad is not None]
    streams = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    with torch.inference_mode():  # whoever scores scenes may be in it
        found = step_times(network, COORDS, feats, ("torch", "native"))
    assert found.sites >= 1000 and list(found.seconds) == ["torch", "native"] and min(found.seconds.values()) > 0
    assert torch.equal(torch.get_rng_state(), streams[0]) and random.getstate() == streams[1]
    assert np.array_equal(np.random.get_state()[1], streams[2])
    assert not any(module.training for module in network.modules())
    state, kept = network.state_dict(), before.state_dict()
    assert state.keys() == kept.keys() and all(torch.equal(state[name], kept[name]) for name in kept)
    found_gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
    assert gradients and all(torch.equal(a, b) for a, b in zip(gradients, found_gradients, strict=True))


@pytest.mark.parametrize("budget_s, sites", [(0.1, 1000), (0.25, 1250), (9.0, 1500)])
def test_as_many_sites_as_the_slowest_step_may_have(
    budget_s: float, sites: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, torch.Tensor, torch.Tensor]] = []

    rates = {"fast": 1e-4, "slow": 2e-4}

    def linear(network: object, coords: torch.Tensor, feats: torch.Tensor, backend: str) -> float:
        asked.append((backend, coords, feats))
        return len(coords) * rates[backend]

    monkeypatch.setattr(step_time, "_step_seconds", linear)
    feats = COORDS[:, 1:].float()
    found = step_times(torch.nn.Identity(), COORDS, feats, ("fast", "slow"), budget_s)
    assert found == StepTimes(sites, {"fast": pytest.approx(sites * 1e-4), "slow": pytest.approx(sites * 2e-4)})
    counted = [(backend, len(coords)) for backend, coords, _ in asked[4:]]
    assert counted == [("fast", sites), ("slow", sites)] * 2
    for _, coords, values in asked:
        assert torch.equal(coords[:, 1:].float(), values)
        assert coords[:, 1].max() <= COORDS[:, 1].sort().values[len(coords) - 1]


def test_the_better_of_two_rounds_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([1.0, 1.0, 1.0, 1.0, 5.0, 3.0, 4.0, 6.0])
    monkeypatch.setattr(step_time, "_step_seconds", lambda *words: next(times))
    found = step_times(torch.nn.Identity(), COORDS, COORDS[:, 1:].float(), ("a", "b"))
    assert found.seconds == {"a": 4.0, "b": 3.0}
