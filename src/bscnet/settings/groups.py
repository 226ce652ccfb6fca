"""The whole configuration: its plain values and its groups."""

from __future__ import annotations

from dataclasses import dataclass

from bscnet.settings.data import DataSettings
from bscnet.settings.group import settings_of
from bscnet.settings.machine import BackendSettings, LoggerSettings, TrainerSettings
from bscnet.settings.method import MethodSettings
from bscnet.settings.model import ModelSettings
from bscnet.settings.recipe import RecipeSettings
from bscnet.settings.run import RunSettings


@dataclass(frozen=True, kw_only=True)
class Configuration(RunSettings):
    """Everything that a chain is asked for. A further config group is a field here, and files in `conf`."""

    model: ModelSettings
    method: MethodSettings
    data: DataSettings
    backend: BackendSettings
    recipe: RecipeSettings
    logger: LoggerSettings
    trainer: TrainerSettings


GROUPS: dict[str, type] = {
    name: setting.nested
    for name, setting in settings_of(Configuration).items()
    if name not in settings_of(RunSettings) and setting.nested is not None
}
"""Config group -> its dataclass."""
