"""A finished run opened again: its network, the settings it ran with, and its data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bscnet.chain.build import build_datamodule
from bscnet.chain.device import device_kind
from bscnet.chain.settings import typed_settings
from bscnet.data.datamodule import ScanDataModule
from bscnet.errors import InputError
from bscnet.evaluation.torch_predictor import Predictor
from bscnet.runs.layout import settings_file
from bscnet.runs.recorded import recorded_config, require_own_classes
from bscnet.runs.restore import Restored, restore
from bscnet.settings.composed import Settings


@dataclass(frozen=True)
class Reopened:
    """restored: the network. settings: of its stage, with overrides. data: ready to be asked for scenes."""

    restored: Restored
    settings: Settings
    data: ScanDataModule

    def predictor(self) -> Predictor:
        """The network on the device and backend of the settings; InputError: they cannot serve on this machine."""
        device = device_kind(self.settings.trainer)
        return Predictor(self.restored.network, self.settings.backend.name, device)

    @property
    def title(self) -> str:
        """Which network it is and, where they are not those of its training, on which voxels it runs; a few words."""
        known = self.restored.metadata
        voxels = f", {self.voxels}" if self.is_resized else ""
        return f"{known['method']} {known['model']}, stage {known['stage']}, {known['data']}{voxels}"

    @property
    def voxel_size(self) -> float:
        """Metres; of the settings, as the data are."""
        return float(self.settings.data.voxel_size)

    @property
    def is_resized(self) -> bool:
        """Whether the voxels are not of the size that the network was trained on."""
        return not math.isclose(self.voxel_size, float(self.restored.metadata["voxel_size"]))

    @property
    def voxels(self) -> str:
        """The size of the voxels in words."""
        trained = 100 * float(self.restored.metadata["voxel_size"])
        text = f"voxels of {100 * self.voxel_size:g} cm"
        return f"{text}, trained on {trained:g} cm" if self.is_resized else text


def reopen(path: str | Path, overrides: Sequence[str] = ()) -> Reopened:
    """Open a chain's directory (its last finished stage), a stage's directory or a checkpoint.

    Args:
        path: where the run is.
        overrides: `data.root=…` and the like, on top of what the run was configured with.

    Raises:
        InputError: no run there, its configuration is gone, an override is unknown, or its data are of another kind.
    """
    restored = restore(path)
    settings = recorded_settings(restored.stage_directory, overrides)
    data = build_datamodule(settings)
    names = [str(name) for name in restored.metadata["class_names"]]
    if [str(name) for name in data.class_names] != names or data.in_channels != restored.metadata["in_channels"]:
        name = settings.data.name
        raise InputError(f"{path}: the network was trained on other classes or features than data={name} has")
    return Reopened(restored, settings, data)


def recorded_settings(stage_directory: Path, overrides: Sequence[str] = ()) -> Settings:
    """The settings that a stage ran with, some of them overridden.

    Raises:
        InputError: the record is gone or damaged, a value is not known, or a class is not of bscnet.
    """
    settings = typed_settings(recorded_config(stage_directory, overrides), recorded=True)
    require_own_classes(settings.plain, settings_file(stage_directory))
    return settings
