"""What is told of a search: how sure it is, its orbits, and whether its gradients agree."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from bscnet.nn import CompositeShiftConv3d
from bscnet.search import (
    CANDIDATES,
    GradientSignal,
    ShiftPlan,
    is_decided,
    orbit_counts,
    search_state,
    search_summary,
    temperature_at,
)


def network() -> nn.Sequential:
    return nn.Sequential(*(CompositeShiftConv3d(3, 8, 2, CANDIDATES[name]) for name in ("all27", "faces7"))).double()


def test_the_margin_is_the_distance_to_the_runner_up() -> None:
    net = network()
    for layer in net:
        nn.init.normal_(layer.alpha)
    for name, state in search_state(net).items():
        for row, margin in zip(net[int(name)].alpha.softmax(1).tolist(), state["margin"], strict=True):
            first, second, *_ = sorted(row, reverse=True)
            assert margin == pytest.approx(first - second)


def test_the_summary_is_the_mean_over_all_groups() -> None:
    net = network()
    summary = search_summary(net, {"0": 2.0, "1": 4.0})
    assert summary["max_pi"] == pytest.approx((1 / 27 + 1 / 7) / 2)
    assert summary["entropy"] == pytest.approx((math.log(27) + math.log(7)) / 2)
    assert (summary["margin"], summary["gradient_signal"]) == (0.0, 3.0)
    assert not is_decided(summary)
    for layer in net:
        layer.alpha.data[:, 1] = 100.0
    sure = search_summary(net)
    assert sure["max_pi"] == pytest.approx(1.0) and is_decided(sure) and sure["gradient_signal"] is None


def test_a_cold_mixture_is_told_as_it_is() -> None:
    net = network()
    for layer in net:
        nn.init.normal_(layer.alpha)
        layer.temperature = 0.05
    found = search_state(net)["0"]["max_pi"]
    assert found == pytest.approx((net[0].alpha / 0.05).softmax(1).max(1).values.tolist())


def test_orbits_of_a_plan_are_counted() -> None:
    plan = ShiftPlan({"a": ((0, 0, 0), (1, 0, 0), (0, -1, 0)), "b": ((1, -1, 1), (0, 0, -1), (1, 0, -1))})
    counts = orbit_counts(plan)
    assert len(counts) == 9 and sum(counts.values()) == 6
    assert {name: count for name, count in counts.items() if count} == {
        "level centre": 1, "level side": 2, "above diagonal": 1, "below centre": 1, "below side": 1,
    }  # fmt: skip


def test_gradients_that_agree_are_told_from_noise() -> None:
    torch.manual_seed(0)
    net, signal = network(), GradientSignal()
    seen = []
    for _ in range(400):
        for layer, mean in zip(net, (0.0, 0.5), strict=True):
            layer.alpha.grad = mean + torch.randn_like(layer.alpha)
        seen.append(net[1].alpha.grad.clone())
        signal.add(net)
    ratios = signal.ratios()
    grads = torch.stack(seen)
    expected = 400 * grads.mean(0).square().sum() / grads.var(0).sum()
    assert ratios["1"] == pytest.approx(float(expected), rel=1e-9)
    assert 0.5 < ratios["0"] < 1.6 and ratios["1"] > 50


def test_no_signal_is_told_of_one_step_or_of_gradients_that_are_zero() -> None:
    net, signal = network(), GradientSignal()
    signal.add(net)
    assert signal.ratios() == {}
    for _ in range(2):
        net[0].alpha.grad = torch.zeros_like(net[0].alpha)
        signal.add(net)
    assert signal.ratios() == {}


def test_the_temperature_falls_over_the_last_share() -> None:
    assert [temperature_at(p, 1.0, 0.05, 0.5) for p in (0.0, 0.5)] == [1.0, 1.0]
    assert temperature_at(0.75, 1.0, 0.05, 0.5) == pytest.approx(0.05**0.5)
    assert temperature_at(1.0, 1.0, 0.05, 0.5) == pytest.approx(0.05)
    assert temperature_at(2.0, 5.0, 0.1) == pytest.approx(0.1)
    assert temperature_at(0.3, 1.0, 1.0) == 1.0
