"""What a bscnet checkpoint is, how it is read, and how one stage's weights are carried into the next.

A checkpoint is Lightning's own file (weights, Adam state, schedule, loops, callbacks) with one more entry, "bscnet":
plain values that say which network it is (model, method, stage, precision, conv, class names, voxel size, shifts …)
and, under "progress", how far the stage has come; of a search also how sure it is, under "search", and the
"temperature" of its relaxation. It holds plain containers and tensors only, so it is read with
`torch.load(weights_only=True)`: reading a file from elsewhere runs none of its code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bscnet.errors import InputError
from bscnet.runs.pickled import foreign_call

METADATA_KEY = "bscnet"
PROGRESS_KEY = "progress"
SEARCH_KEY, TEMPERATURE_KEY = "search", "temperature"
_PREFIX = "network."


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Reads a checkpoint onto the CPU.

    Raises:
        InputError: if there is no such file, it cannot be read (truncated, or not a checkpoint), or bscnet did not
            write it.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"no checkpoint at {path}: give the path of a .ckpt file that a stage wrote")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a dozen types for a bad file
        raise InputError(f"checkpoint {path} cannot be read: {_reason(path, error)}") from error
    if not isinstance(checkpoint, dict) or not {"state_dict", METADATA_KEY} <= checkpoint.keys():
        raise InputError(f"{path} is not a checkpoint of bscnet: it lacks the entries 'state_dict' and 'bscnet'")
    return checkpoint


def _reason(path: Path, error: Exception) -> str:
    called = foreign_call(path)
    if called is None:
        return f"it is truncated or not a checkpoint ({type(error).__name__})"
    return f"it asks for {called}, and only weights and plain values are read: whatever else it calls could do any harm"


def metadata_of(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """The "bscnet" entry: which network and stage the checkpoint is of."""
    return dict(checkpoint[METADATA_KEY])


def progress_of(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """How far the stage had come: epochs, val_miou, best_val_miou, seconds."""
    return dict(checkpoint[METADATA_KEY][PROGRESS_KEY])


def network_state(checkpoint: Mapping[str, Any]) -> dict[str, Tensor]:
    """The network's own state_dict (the LightningModule's prefix taken off)."""
    state = checkpoint["state_dict"]
    return {key.removeprefix(_PREFIX): value for key, value in state.items() if key.startswith(_PREFIX)}


def require_same(path: str | Path, found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Refuses a checkpoint whose metadata says otherwise than `expected`, for the keys that both have.

    Raises:
        InputError: naming the checkpoint and every value that differs.
    """
    differing = [key for key in expected if key in found and _plain(found[key]) != _plain(expected[key])]
    if differing:
        is_of = ", ".join(f"{key}={found[key]!r}" for key in differing)
        needs = ", ".join(f"{key}={expected[key]!r}" for key in differing)
        raise InputError(f"checkpoint {path} is of another network or stage: it has {is_of}, this run needs {needs}")


def _plain(value: Any) -> Any:
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value
