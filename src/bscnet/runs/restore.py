"""The network of a run, built again from its checkpoint."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from bscnet.errors import InputError
from bscnet.models import NetworkSpec
from bscnet.runs.checkpoint import TEMPERATURE_KEY, metadata_of, network_state, read_checkpoint
from bscnet.runs.find import find_checkpoint
from bscnet.runs.layout import chain_of, stage_of
from bscnet.runs.manifest import Manifest
from bscnet.search import composite_layers

# What the network is made from beside the layers' switches, and what is said of it.
_NEEDED = (
    *("family", "network", "in_channels", "num_classes", "precision", "conv"),
    *("model", "method", "stage", "data", "voxel_size", "class_names"),
)


@dataclass(frozen=True)
class Restored:
    """A network as a stage left it.

    Attributes:
        network: in eval mode, on the CPU.
        metadata: what the checkpoint says of it (see `bscnet.runs.checkpoint`).
        checkpoint: the file it was read from.
    """

    network: nn.Module
    metadata: dict[str, Any]
    checkpoint: Path

    @property
    def stage_directory(self) -> Path:
        """The directory of the stage that wrote the checkpoint."""
        return stage_of(self.checkpoint)

    def commit(self) -> str | None:
        """The commit of the checkout that trained it; None where no chain's record says it.

        Raises:
            InputError: the record of the chain that the checkpoint lies in cannot be read.
        """
        chain = chain_of(self.checkpoint)
        return None if chain is None else Manifest.load(chain).facts.get("commit")


def restore(path: str | Path) -> Restored:
    """Rebuild the network of a checkpoint.

    Args:
        path: a chain's directory (its last finished stage is taken), a stage's directory, or a checkpoint.

    Raises:
        InputError: nothing there, not a checkpoint of bscnet, or one that does not fit the network it names.
    """
    checkpoint = find_checkpoint(Path(path))
    content = read_checkpoint(checkpoint)
    metadata = metadata_of(content)
    missing = [key for key in _NEEDED if key not in metadata]
    if missing:
        raise InputError(f"checkpoint {checkpoint} does not say which network it is of: it lacks {', '.join(missing)}")
    try:
        # Shifts stand in the state, whatever preset they came from.
        network = NetworkSpec.from_dict({**metadata, "manual": "none"}).build()
    except (InputError, TypeError) as error:
        raise InputError(f"checkpoint {checkpoint} describes a network that cannot be built: {error}") from error
    try:
        network.load_state_dict(network_state(content))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"checkpoint {checkpoint} does not fit the network that it names: {reason}") from error
    _set_temperature(network, metadata.get(TEMPERATURE_KEY), checkpoint)
    return Restored(network.eval(), metadata, checkpoint)


def _set_temperature(network: nn.Module, temperature: Any, checkpoint: Path) -> None:
    """Give a search's mixtures the temperature that they were left at; None leaves them as they start."""
    if temperature is None:
        return
    if not isinstance(temperature, float) or not 0 < temperature < math.inf:
        raise InputError(f"checkpoint {checkpoint} says temperature={temperature}, which must be a number above 0")
    for layer in composite_layers(network).values():
        layer.temperature = temperature
