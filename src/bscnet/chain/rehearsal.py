"""Everything that a chain is trained with, made once for nothing, so that what cannot be made is told at the start.

The classes of torch and Lightning say themselves what they do not take.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from bscnet.chain.stages import scenes_per_step
from bscnet.errors import InputError
from bscnet.runs.stage import StageSpec
from bscnet.settings.composed import Settings
from bscnet.settings.optimizer import OptimizerSettings
from bscnet.settings.schedule import ScheduleSettings

T = TypeVar("T", OptimizerSettings, ScheduleSettings)

_STEPS_PER_EPOCH = 100


def rehearse(settings: Settings, specs: Sequence[StageSpec], here: bool) -> None:
    """Make optimizers, schedules, callbacks, the Trainer and, where they are here, the data; nothing is written.

    Args:
        settings: of the chain.
        specs: its stages.
        here: they run on this machine.

    Raises:
        InputError: something of this cannot be made; the sentence names the setting.
    """
    from bscnet.chain.build import build_datamodule
    from bscnet.chain.device import trainer_options
    from bscnet.chain.named_callbacks import named_callbacks
    from bscnet.training.trainer_options import require_trainer_options

    require_trainer_options(trainer_options(settings.trainer), here)
    for spec in specs:
        _require_steps(settings, spec)
    if settings.augmentation.mix3d and scenes_per_step(settings.recipe, settings.data.voxel_size) < 2:
        raise InputError("augmentation.mix3d mixes two scenes of a batch: give recipe.batch_size=2 or more")
    names = [str(name) for name in build_datamodule(settings).class_names] if here else None
    named_callbacks(settings, names)


def _require_steps(settings: Settings, spec: StageSpec) -> None:
    """See that a stage's optimizer and its schedule can be made."""
    import torch

    from bscnet.training.optimizer import make_optimizer
    from bscnet.training.schedule import make_schedule

    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))]}]
    optimizer = _tried("optimizer", settings.optimizer, lambda options: make_optimizer(options, groups, spec.lr))
    count = spec.epochs * _STEPS_PER_EPOCH
    _tried("schedule", settings.schedule, lambda options: make_schedule(options, optimizer, spec.epochs, lambda: count))


def _tried(group: str, options: T, make: Callable[[T], Any]) -> Any:
    """What is made of a config group; InputError in place of what Python or torch says of its options."""
    choice = f"{group}={options.name}"
    try:
        return make(options)
    except (TypeError, ValueError) as error:
        text = " ".join(str(error).split())
        if found := re.search(r"(unexpected keyword argument|multiple values for keyword argument) '(\w+)'", text):
            raise InputError(f"{group}.{found[2]} is not an option of {choice}") from error
        if found := re.search(r"missing \d+ required .*arguments?: (.*)", text):
            lacking = ", ".join(f"{group}.{name}" for name in re.findall(r"'(\w+)'", found[1]))
            raise InputError(f"{choice} needs {lacking}") from error
        raise InputError(f"{choice} cannot be made of its options: {text}") from error
