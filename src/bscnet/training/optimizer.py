"""Adam in the implementation that is the fastest where the parameters are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.precision import MixedPrecision
from torch import Tensor


def adam(groups: Sequence[dict[str, Any]], lr: float, weight_decay: float, fused: bool = True) -> torch.optim.Adam:
    """Adam with torch's betas and eps.

    Args:
        groups: of parameters, as torch's optimizers take them.
        lr: learning rate.
        weight_decay: L2 penalty.
        fused: take torch's fused implementation, of one pass, where it serves: float32 or float64 on the CPU or CUDA.

    A state that is loaded leaves the implementation as it is: a checkpoint says with which one it was trained, perhaps
    on another kind of device.
    """
    parameters: list[Tensor] = [parameter for group in groups for parameter in group["params"]]
    serves = all(p.device.type in ("cpu", "cuda") and p.dtype in (torch.float32, torch.float64) for p in parameters)
    own = True if fused and serves else None
    optimizer = torch.optim.Adam(groups, lr=lr, weight_decay=weight_decay, fused=own)

    def keep(_: torch.optim.Optimizer, state: dict[str, Any]) -> dict[str, Any]:
        return {**state, "param_groups": [{**group, "fused": own} for group in state["param_groups"]]}

    optimizer.register_load_state_dict_pre_hook(keep)
    return optimizer


def clips_scaled_gradients(trainer: pl.Trainer | None) -> bool:
    """Whether a Trainer clips gradients under mixed precision, where Lightning refuses a fused optimizer."""
    if trainer is None:
        return False
    return bool(trainer.gradient_clip_val) and isinstance(trainer.precision_plugin, MixedPrecision)
