"""Everything that a chain is trained with, made once for nothing, so that what cannot be made is told at the start.

The classes of torch and Lightning say themselves what they do not take.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from copy import deepcopy
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


def rehearse(
    settings: Settings, specs: Sequence[StageSpec], here: bool, checkpoint: str | None = None, plan: str | None = None
) -> None:
    """Make networks, optimizers, schedules, callbacks, the Trainer and, where they are here, the data.

    Nothing is written.

    Args:
        settings: of the chain.
        specs: its stages.
        here: they run on this machine.
        checkpoint: that the first of them starts from.
        plan: file of the shifts that a search decided, where the first of them has those.

    Raises:
        InputError: something of this cannot be made; the sentence names the setting.
    """
    from bscnet.chain.build import build_datamodule
    from bscnet.chain.device import trainer_options
    from bscnet.chain.loggers import require_logger
    from bscnet.chain.named_callbacks import named_callbacks
    from bscnet.chain.processes import require_nodes
    from bscnet.training.trainer_options import require_trainer_options

    if here:
        require_nodes(settings.trainer)
        require_logger(settings)
    require_trainer_options(trainer_options(settings.trainer), here)
    for spec in specs:
        _require_steps(settings, spec)
        first = spec is specs[0]
        _require_network(settings, spec, checkpoint if first else None, plan if first else None)
    if settings.augmentation.mix3d and scenes_per_step(settings.recipe, settings.data.voxel_size) < 2:
        raise InputError("augmentation.mix3d mixes two scenes of a batch: give recipe.batch_size=2 or more")
    names = None
    if here:
        datamodule = build_datamodule(settings)
        datamodule.require()
        names = [str(name) for name in datamodule.class_names]
    named_callbacks(settings, names)


def _require_network(settings: Settings, spec: StageSpec, checkpoint: str | None, searched: str | None) -> None:
    """See that a stage's network can be made, and that it takes the weights and the shifts that it starts from."""
    from bscnet.chain.build import identity, network_spec
    from bscnet.chain.plans import stage_plan
    from bscnet.search import apply_plan
    from bscnet.training.carry import carry
    from bscnet.training.fit import IDENTITY

    plan = stage_plan(settings, spec, searched)
    try:
        network = _made(network_spec(settings, spec))
    except InputError as error:
        raise InputError(f"model={settings.model.name} with method={settings.method.name}: {error}") from error
    if settings.method.min_sites is not None:  # the data decide which layers have shifts
        return
    if checkpoint is not None:
        known = identity(settings, spec)
        carry(checkpoint, deepcopy(network), plan, {key: known[key] for key in IDENTITY if key in known})
    elif plan is not None:
        apply_plan(network, plan)


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
        if found := re.search(r"unexpected keyword argument '(\w+)'", text):
            raise InputError(f"{group}.{found[1]} is not an option of {choice}") from error
        if found := re.search(r"multiple values for keyword argument '(\w+)'", text):
            raise InputError(f"{group}.{found[1]} is not an option of {choice}: bscnet gives it") from error
        if found := re.search(r"missing \d+ required .*arguments?: (.*)", text):
            lacking = ", ".join(f"{group}.{name}" for name in re.findall(r"'(\w+)'", found[1]))
            raise InputError(f"{choice} needs {lacking}") from error
        raise InputError(f"{choice} cannot be made of its options: {text}") from error
