"""Where a Trainer runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bscnet.errors import InputError


def device_kind(trainer: Mapping[str, Any]) -> str:
    """ "cuda" or "cpu": where a Trainer with these options runs; InputError: on a GPU, and this machine has none."""
    accelerator = str(trainer["accelerator"])
    if accelerator not in ("auto", "gpu", "cuda"):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if accelerator == "auto":
        return "cpu"
    raise InputError(
        f"trainer.accelerator={accelerator}, and there is no GPU here: add trainer.accelerator=cpu (or trainer=cpu)"
    )
