"""What to export: the network of a checkpoint, found from a chain's or a stage's directory or the file itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from torch import nn

from bscnet.checkpoint import metadata_of, network_state, read_checkpoint
from bscnet.errors import InputError
from bscnet.export.network import check_finite
from bscnet.models import FCN, LayerFactory, UNet
from bscnet.search import current_plan

_FAMILIES: dict[str, type[nn.Module]] = {"fcn": FCN, "unet": UNet}
_LAYER_KEYS = {field.name for field in fields(LayerFactory)}
# What a network is made from beside the layers' switches, and what its file says of it.
_NEEDED = (
    *("family", "network", "in_channels", "num_classes", "precision", "conv"),
    *("model", "method", "stage", "data", "voxel_size", "class_names"),
)


@dataclass(frozen=True)
class Source:
    """A trained network and what is known of it.

    Attributes:
        network: in eval mode, on the CPU, all weights finite.
        facts: entries of the model file's description.
        checkpoint: the file it was read from.
    """

    network: nn.Module
    facts: dict[str, Any]
    checkpoint: Path

    @property
    def stage_directory(self) -> Path:
        """The directory of the stage that wrote the checkpoint (STAGE/checkpoints/FILE)."""
        return self.checkpoint.absolute().parent.parent


def read_source(path: str | Path) -> Source:
    """Rebuild the network of a checkpoint.

    Args:
        path: a chain's directory (its last finished stage is taken), a stage's directory, or a checkpoint.

    Raises:
        InputError: nothing there, not a checkpoint of bscnet, a stage that cannot be exported, or weights that are NaN
            or infinite.
    """
    checkpoint = find_checkpoint(Path(path))
    content = read_checkpoint(checkpoint)
    metadata = metadata_of(content)
    missing = [key for key in _NEEDED if key not in metadata]
    if missing:
        raise InputError(f"checkpoint {checkpoint} does not say which network it is of: it lacks {', '.join(missing)}")
    _refuse_unfinished(checkpoint, metadata)
    network = _rebuilt(checkpoint, metadata)
    try:
        network.load_state_dict(network_state(content))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"checkpoint {checkpoint} does not fit the network that it names: {reason}") from error
    check_finite(network)
    return Source(network.eval(), _facts(checkpoint, metadata, network), checkpoint)


def find_checkpoint(path: Path) -> Path:
    """The checkpoint that a path means; see ``read_source``.

    Raises:
        InputError: there is none.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise InputError(f"{path}: there is no such run or checkpoint")
    if (path / "result.json").is_file():
        return _of_chain(path)
    record = path / "outcome.json"
    if record.is_file():
        return _moved(str(_json(record).get("checkpoint")), path)
    for name in ("best.ckpt", "last.ckpt"):
        if (path / "checkpoints" / name).is_file():
            return path / "checkpoints" / name
    raise InputError(
        f"{path} is no run: give a chain's directory (with result.json), a stage's directory (with checkpoints) "
        "or a .ckpt file"
    )


def _of_chain(directory: Path) -> Path:
    stages = _json(directory / "result.json").get("stages")
    if not isinstance(stages, list) or not all(isinstance(row, dict) and "checkpoint" in row for row in stages):
        raise InputError(f"{directory / 'result.json'} is not the record of a chain")
    if not stages:
        raise InputError(f"{directory}: no stage of this chain is finished, so there is nothing to export yet")
    last = stages[-1]
    return _moved(str(last["checkpoint"]), directory / f"stage{last.get('stage')}")


def _moved(recorded: str, stage_directory: Path) -> Path:
    """A recorded checkpoint, which follows its run's directory where that was moved or copied as a whole."""
    beside = stage_directory / "checkpoints" / Path(recorded).name
    for candidate in (beside, Path(recorded)):
        if candidate.is_file():
            return candidate
    raise InputError(f"{stage_directory}: the checkpoint of this stage, {recorded}, is gone")


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold a JSON object, not {type(content).__name__}")
    return content


def _refuse_unfinished(path: Path, metadata: Mapping[str, Any]) -> None:
    stage = f"stage {metadata.get('stage')} ({metadata.get('stage_name')}) of method {metadata.get('method')}"
    if metadata["conv"] == "composite":
        raise InputError(
            f"{path} is of {stage}, a search whose shifts are not decided: export the stage of precision a1w1 after it"
        )
    if metadata["precision"] not in ("a1w1", "a32w32"):
        raise InputError(
            f"{path} is of {stage}, which has 1-bit activations and real weights ({metadata['precision']}): "
            "export the stage of precision a1w1 after it, or one of precision a32w32"
        )


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


def _facts(path: Path, metadata: Mapping[str, Any], network: nn.Module) -> dict[str, Any]:
    record = path.absolute().parents[2] / "result.json"
    commit = _json(record).get("commit") if record.is_file() else None
    plan = {name: [list(shift) for shift in rows] for name, rows in current_plan(network).shifts.items()}
    return {
        "name": metadata["model"],
        "family": metadata["family"],
        "method": metadata["method"],
        "stage": metadata["stage"],
        "precision": metadata["precision"],
        "data": metadata["data"],
        "voxel_size": float(metadata["voxel_size"]),
        "class_names": [str(name) for name in metadata["class_names"]],
        "features": feature_recipe(int(metadata["in_channels"])),
        "shift_plan": plan,
        "commit": commit,
    }


def feature_recipe(in_channels: int) -> dict[str, Any]:
    """How a site's features are made from its points: the mean of ``colour * 1 / scale + offset`` for RGB."""
    if in_channels != 3:
        raise InputError(f"a network of {in_channels} input features cannot be exported: only RGB is known, 3 features")
    return {"kind": "rgb", "scale": 127.5, "offset": -1.0}
