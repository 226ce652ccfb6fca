"""The learning rate over a stage: classes of torch.optim.lr_scheduler, set to the stage's length."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.optim import lr_scheduler
from torch.optim.lr_scheduler import LRScheduler

from bscnet.settings.group import FURTHER
from bscnet.settings.schedule import ScheduleSettings
from bscnet.settings.words import ScheduleName, chosen

STEPS = ScheduleSettings(name="steps", milestones=(60, 100), gamma=0.1, reference_epochs=128)
"""The supplement's."""


def make_schedule(
    options: ScheduleSettings, optimizer: torch.optim.Optimizer, epochs: int, steps: Callable[[], int]
) -> dict[str, Any]:
    """A schedule, as Lightning's `configure_optimizers` gives it: with the interval at which it steps.

    Args:
        options: the config group. Whatever rates the optimizer's groups have
            are those of the start of `steps`, and the highest of the others.
        optimizer: whose learning rates it sets.
        epochs: of the stage.
        steps: gives the optimizer's steps in the whole stage; asked only where the schedule counts them.

    Raises:
        TypeError, ValueError: an option that is missing, unknown, or whose value torch does not take.
    """
    kind = chosen(SCHEDULES, options.name, "schedule.name")
    known = {key: value for key, value in vars(options).items() if key not in ("name", FURTHER) and value is not None}
    rest = {**known, **options.further}
    if kind is None:
        return {"scheduler": _steps(optimizer, epochs, **rest), "interval": "epoch"}
    return {"scheduler": kind(optimizer, steps(), **rest), "interval": "step"}


def scale_milestones(milestones: Sequence[int], epochs: int, reference_epochs: int) -> tuple[int, ...]:
    """Milestones given for `reference_epochs`, for a stage of `epochs`: round(epochs * m / reference), at least 1."""
    return tuple(max(1, math.floor(epochs * m / reference_epochs + 0.5)) for m in milestones)


def total_rate(options: ScheduleSettings, epochs: int, steps_per_epoch: float) -> float:
    """The sum over all steps of the stage of the learning rate, which is 1 where the schedule has its highest."""
    count = max(1, round(epochs * steps_per_epoch))
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0, momentum=0.9)
    made = make_schedule(options, optimizer, epochs, lambda: count)
    by_epoch = made["interval"] == "epoch"
    rates = []
    for _ in range(epochs if by_epoch else count):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        made["scheduler"].step()
    return sum(rates) * (steps_per_epoch if by_epoch else 1.0)


def _steps(
    optimizer: torch.optim.Optimizer, epochs: int, *, milestones: Sequence[int], gamma: float, reference_epochs: int
) -> LRScheduler:
    """The rate times `gamma` after each milestone, which are given for a stage of `reference_epochs`."""
    return lr_scheduler.MultiStepLR(
        optimizer, milestones=list(scale_milestones(milestones, epochs, reference_epochs)), gamma=gamma
    )


def _one_cycle(optimizer: torch.optim.Optimizer, steps: int, *, pct_start: float = 0.3, **options: Any) -> LRScheduler:
    """torch's OneCycleLR, which rises to the rate of each group, over a step at least, and falls from there."""
    highest, count = [group["lr"] for group in optimizer.param_groups], max(steps, 3)
    rise = max(pct_start, 2 / count)  # with less, or fewer steps, torch divides by 0
    return lr_scheduler.OneCycleLR(optimizer, max_lr=highest, total_steps=count, pct_start=rise, **options)


def _cosine(
    optimizer: torch.optim.Optimizer, steps: int, *, warm_up: float, start_factor: float = 0.1, **options: Any
) -> LRScheduler:
    """torch's CosineAnnealingLR, after a linear rise from `start_factor` over the share `warm_up` of the steps."""
    if not 0 <= warm_up < 1:
        raise ValueError(f"warm_up is a share of the stage from 0 to below 1, not {warm_up}")
    rising = round(steps * warm_up)
    falling = lr_scheduler.CosineAnnealingLR(optimizer, T_max=max(1, steps - rising), **options)
    if rising == 0:
        return falling
    rise = lr_scheduler.LinearLR(optimizer, start_factor=start_factor, total_iters=rising)
    return lr_scheduler.SequentialLR(optimizer, [rise, falling], milestones=[rising])


SCHEDULES: dict[ScheduleName, Callable[..., LRScheduler] | None] = {
    "steps": None,
    "one_cycle": _one_cycle,
    "cosine": _cosine,
}
"""What `schedule.name` stands for where it goes by steps; None: by epochs."""
