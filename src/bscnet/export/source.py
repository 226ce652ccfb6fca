"""What to export: the network of a run, where it is one that can be packed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from bscnet.errors import InputError
from bscnet.export.cloud_facts import cloud_facts, feature_names
from bscnet.export.network import check_finite
from bscnet.runs.restore import restore
from bscnet.search import current_plan


@dataclass(frozen=True)
class Source:
    """A trained network and what is known of it.

    Attributes:
        network: in eval mode, on the CPU, all weights finite.
        facts: entries of the model file's description.
        features: names of what it sees, see `bscnet.data.features`.
        checkpoint: the file it was read from.
        stage_directory: of the stage that wrote it.
    """

    network: nn.Module
    facts: dict[str, Any]
    features: tuple[str, ...]
    checkpoint: Path
    stage_directory: Path


def read_source(path: str | Path) -> Source:
    """Rebuild the network of a checkpoint.

    Args:
        path: a chain's directory (its last finished stage is taken), a stage's directory, or a checkpoint.

    Raises:
        InputError: nothing there, not a checkpoint of bscnet, a stage that cannot be exported, or weights that are NaN
            or infinite.
    """
    found = restore(path)
    _refuse_unfinished(found.checkpoint, found.metadata)
    check_finite(found.network)
    facts = _facts(found.checkpoint, found.metadata, found.network, found.commit())
    return Source(found.network, facts, feature_names(found.metadata), found.checkpoint, found.stage_directory)


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


def _facts(checkpoint: Path, metadata: Mapping[str, Any], network: nn.Module, commit: str | None) -> dict[str, Any]:
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
        **cloud_facts(checkpoint, metadata),
        "shift_plan": plan,
        "commit": commit,
    }
