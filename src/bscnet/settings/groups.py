"""The whole configuration: its plain values and its groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from bscnet.settings.augmentation import AugmentationSettings
from bscnet.settings.data import DataSettings
from bscnet.settings.group import settings_of
from bscnet.settings.loss import LossSettings
from bscnet.settings.machine import BackendSettings, LoggerSettings, TrainerSettings
from bscnet.settings.method import MethodSettings
from bscnet.settings.model import ModelSettings
from bscnet.settings.optimizer import OptimizerSettings
from bscnet.settings.recipe import RecipeSettings
from bscnet.settings.run import RunSettings
from bscnet.settings.schedule import ScheduleSettings


@dataclass(frozen=True, kw_only=True)
class Configuration(RunSettings):
    """Everything that a chain is asked for. A further config group is a field here, and files in `conf`."""

    model: ModelSettings
    method: MethodSettings
    data: DataSettings
    backend: BackendSettings
    recipe: RecipeSettings
    optimizer: OptimizerSettings = OptimizerSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    loss: LossSettings = LossSettings()
    augmentation: AugmentationSettings = AugmentationSettings()
    callbacks: Annotated[
        Mapping[str, Any],
        "further callbacks of a stage, of Lightning, bscnet or anybody else; by name: {_target_: class, its options}",
    ] = field(default_factory=dict)
    logger: LoggerSettings
    trainer: TrainerSettings


GROUPS: dict[str, type] = {
    name: setting.nested
    for name, setting in settings_of(Configuration).items()
    if name not in settings_of(RunSettings) and setting.nested is not None
}
"""Config group -> its dataclass."""
