"""Everything that a chain is trained with, made once for nothing, so that what cannot be made is told at the start.

The classes of torch and Lightning say themselves what they do not take.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from bscnet.chain.stages import scenes_per_step
from bscnet.errors import InputError
from bscnet.runs.stage import StageSpec
from bscnet.settings.composed import Settings
from bscnet.settings.optimizer import OptimizerSettings
from bscnet.settings.schedule import ScheduleSettings

if TYPE_CHECKING:
    from torch import nn

    from bscnet.models import NetworkSpec

T = TypeVar("T", OptimizerSettings, ScheduleSettings)

_STEPS_PER_EPOCH = 100


def rehearse(settings: Settings, specs: Sequence[StageSpec], here: bool) -> None:
    """Make networks, optimizers, schedules, callbacks, the Trainer and, where they are here, the data.

    Nothing is written.

    Args:
        settings: of the chain.
        specs: its stages.
        here: they run on this machine.

    Raises:
        InputError: something of this cannot be made; the sentence names the setting.
    """
    from bscnet.chain.build import build_datamodule, network_spec
    from bscnet.chain.device import trainer_options
    from bscnet.chain.loggers import require_logger
    from bscnet.chain.named_callbacks import named_callbacks
    from bscnet.chain.plans import stage_plan
    from bscnet.chain.processes import require_nodes
    from bscnet.search import apply_plan
    from bscnet.training.trainer_options import require_trainer_options

    if here:
        require_nodes(settings.trainer)
        require_logger(settings)
    require_trainer_options(trainer_options(settings.trainer), here)
    for spec in specs:
        _require_steps(settings, spec)
        plan = stage_plan(settings, spec, None)
        network = _made(network_spec(settings, spec))
        if plan is not None and settings.method.min_sites is None:  # else the data decide which layers have shifts
            apply_plan(network, plan)
    if settings.augmentation.mix3d and scenes_per_step(settings.recipe, settings.data.voxel_size) < 2:
        raise InputError("augmentation.mix3d mixes two scenes of a batch: give recipe.batch_size=2 or more")
    names = None
    if here:
        datamodule = build_datamodule(settings)
        datamodule.require()
        names = [str(name) for name in datamodule.class_names]
    named_callbacks(settings, names)


@lru_cache(maxsize=8)
def _made(spec: NetworkSpec) -> nn.Module:
    """A network to look at; those of a sweep over seeds are one."""
    import torch

    with torch.random.fork_rng(devices=[]):
        return spec.build()


def _require_steps(settings: Settings, spec: StageSpec) -> None:
    """See that a stage's optimizer and its schedule can be made, and make a step to a learning rate."""
    import torch

    from bscnet.training.optimizer import make_optimizer
    from bscnet.training.schedule import make_schedule

    parameter = torch.nn.Parameter(torch.zeros(1))
    parameter.grad = torch.zeros(1)
    count = spec.epochs * _STEPS_PER_EPOCH

    def optimizer_of(options: OptimizerSettings) -> torch.optim.Optimizer:
        made = make_optimizer(options, [{"params": [parameter]}], spec.lr)
        made.step()
        return made

    optimizer = _tried("optimizer", settings.optimizer, optimizer_of)

    def schedule_of(options: ScheduleSettings) -> None:
        made = make_schedule(options, optimizer, spec.epochs, lambda: count)
        optimizer.step()
        made["scheduler"].step()
        rate = optimizer.param_groups[0]["lr"]
        if not math.isfinite(rate):
            raise ValueError(f"it makes a learning rate of {rate}")

    _tried("schedule", settings.schedule, schedule_of)


def _tried(group: str, options: T, make: Callable[[T], Any]) -> Any:
    """What is made of a config group; InputError in place of what Python or torch says of its options."""
    choice = f"{group}={options.name}"
    try:
        return make(options)
    except Exception as error:  # whatever the options make torch's classes come to
        text = " ".join(str(error).split()).partition(" - got (")[0]  # torch lists a dozen arguments
        if found := re.search(r"(unexpected keyword argument|multiple values for keyword argument) '(\w+)'", text):
            raise InputError(f"{group}.{found[2]} is not an option of {choice}") from error
        if found := re.search(r"missing \d+ required .*arguments?: (.*)", text):
            lacking = ", ".join(f"{group}.{name}" for name in re.findall(r"'(\w+)'", found[1]))
            raise InputError(f"{choice} needs {lacking}") from error
        raise InputError(f"{choice} cannot be made of its options: {text}") from error
