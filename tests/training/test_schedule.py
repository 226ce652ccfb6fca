from __future__ import annotations

import math
from functools import cache

import pytest
import torch

from bscnet.settings.schedule import ScheduleSettings
from bscnet.settings.words import ScheduleName, words
from bscnet.training.schedule import STEPS, make_schedule, total_rate
from fixtures.composed import compose_settings


def rates(options: ScheduleSettings, epochs: int, steps: int, lrs: tuple[float, ...] = (1.0,)) -> list[list[float]]:
    """The learning rates of every step of a stage, for each group of parameters."""
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in lrs]
    optimizer = torch.optim.AdamW(groups)
    made = make_schedule(options, optimizer, epochs, lambda: epochs * steps)
    found = []
    for step in range(epochs * steps):
        found.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        if made["interval"] == "step" or (step + 1) % steps == 0:
            made["scheduler"].step()
    return found


@cache
def options_of(name: str, *overrides: str) -> ScheduleSettings:
    return compose_settings(f"schedule={name}", *overrides).schedule


def test_the_default_is_the_configurations() -> None:
    assert options_of("steps") == STEPS


def test_steps_follow_the_length_of_the_stage() -> None:
    found = [rate for (rate,) in rates(STEPS, epochs=16, steps=2)]
    assert found == pytest.approx([1.0] * 16 + [0.1] * 10 + [0.01] * 6)  # 60 and 100 of 128: 8 and 13 of 16


def test_one_cycle_rises_to_the_stages_rate_and_falls_to_nearly_nothing() -> None:
    found = rates(options_of("one_cycle"), epochs=10, steps=20, lrs=(0.4, 0.1))
    first = [row[0] for row in found]
    assert first[0] == pytest.approx(0.04) and max(first) == pytest.approx(0.4)
    assert first.index(max(first)) == 9  # 5 % of 200 steps
    assert first[-1] == pytest.approx(0.04 / 1e4)
    assert all(one == pytest.approx(4 * other) for one, other in found)


@pytest.mark.parametrize("steps", [1, 2, 3, 20, 40])
def test_one_cycle_goes_over_any_number_of_steps(steps: int) -> None:
    """A rise of less than a step, or of exactly one, is a division by 0 in torch."""
    found = rates(options_of("one_cycle"), epochs=1, steps=steps)
    assert len(found) == steps and all(0 < rate <= 1 for (rate,) in found)


def test_cosine_rises_in_a_line_and_falls_as_a_cosine() -> None:
    found = [rate for (rate,) in rates(options_of("cosine", "schedule.warm_up=0.1"), epochs=10, steps=10)]
    assert found[:10] == pytest.approx([0.1 + 0.9 * step / 10 for step in range(10)])
    assert found[10:] == pytest.approx([(1 + math.cos(math.pi * step / 90)) / 2 for step in range(90)], abs=1e-6)
    found = [rate for (rate,) in rates(options_of("cosine", "schedule.warm_up=0", "schedule.eta_min=0.5"), 1, 10)]
    assert found[0] == 1 and found[5] == pytest.approx(0.75)


@pytest.mark.parametrize("name", words(ScheduleName))
def test_the_total_rate_is_the_sum_over_the_steps(name: str) -> None:
    options = options_of(name)
    assert total_rate(options, 12, 5) == pytest.approx(sum(rate for (rate,) in rates(options, 12, 5)))
