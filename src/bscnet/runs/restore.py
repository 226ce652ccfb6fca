"""The network of a finished run: found from a chain's or a stage's directory or a checkpoint, and built again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from torch import nn

from bscnet.errors import InputError
from bscnet.models.fcn import FCN
from bscnet.models.layers import LayerFactory
from bscnet.models.unet import UNet
from bscnet.runs.checkpoint import metadata_of, network_state, read_checkpoint
from bscnet.runs.layout import BEST, LAST, OUTCOME_NAME, RESULT_NAME, checkpoint_folder, stage_directory, stage_of

_FAMILIES: dict[str, type[nn.Module]] = {"fcn": FCN, "unet": UNet}
_LAYER_KEYS = {field.name for field in fields(LayerFactory)}
# What a network is made from beside the layers' switches, and what is said of it.
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
        """The directory of the stage that wrote the checkpoint (STAGE/checkpoints/FILE)."""
        return stage_of(self.checkpoint)


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
    network = _rebuilt(checkpoint, metadata)
    try:
        network.load_state_dict(network_state(content))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"checkpoint {checkpoint} does not fit the network that it names: {reason}") from error
    return Restored(network.eval(), metadata, checkpoint)


def find_checkpoint(path: Path) -> Path:
    """The checkpoint that a path means; see ``restore``.

    Raises:
        InputError: there is none.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise InputError(f"{path}: there is no such run or checkpoint")
    if (path / RESULT_NAME).is_file():
        return _of_chain(path)
    record = path / OUTCOME_NAME
    if record.is_file():
        return _moved(str(read_record(record).get("checkpoint")), path)
    for name in (BEST, LAST):
        if (checkpoint_folder(path) / name).is_file():
            return checkpoint_folder(path) / name
    raise InputError(
        f"{path} is no run: give a chain's directory (with result.json), a stage's directory (with checkpoints) "
        "or a .ckpt file"
    )


def read_record(path: Path) -> dict[str, Any]:
    """The JSON object in a run's record; InputError if it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold a JSON object, not {type(content).__name__}")
    return content


def _of_chain(directory: Path) -> Path:
    stages = read_record(directory / RESULT_NAME).get("stages")
    if not isinstance(stages, list) or not all(isinstance(row, dict) and "checkpoint" in row for row in stages):
        raise InputError(f"{directory / RESULT_NAME} is not the record of a chain")
    if not stages:
        raise InputError(f"{directory}: no stage of this chain is finished, so there is no network yet")
    last = stages[-1]
    return _moved(str(last["checkpoint"]), stage_directory(directory, last.get("stage")))


def _moved(recorded: str, stage_directory: Path) -> Path:
    """A recorded checkpoint, which follows its run's directory where that was moved or copied as a whole."""
    beside = checkpoint_folder(stage_directory) / Path(recorded).name
    for candidate in (beside, Path(recorded)):
        if candidate.is_file():
            return candidate
    raise InputError(f"{stage_directory}: the checkpoint of this stage, {recorded}, is gone")


def _rebuilt(path: Path, metadata: Mapping[str, Any]) -> nn.Module:
    options = {key: metadata[key] for key in _LAYER_KEYS & metadata.keys()}
    try:
        # Shifts stand in the state, whatever preset they came from.
        layers = LayerFactory(**{**options, "manual": "none"})
        make = _FAMILIES[metadata["family"]]
        numbers = {key: value for key, value in metadata["network"].items() if not key.startswith("_")}
        return make(in_channels=metadata["in_channels"], num_classes=metadata["num_classes"], layers=layers, **numbers)
    except (KeyError, TypeError, AttributeError, InputError) as error:
        raise InputError(f"checkpoint {path} describes a network that cannot be built: {error}") from error
