"""The optimizer of a stage, in the implementation that is the fastest where the parameters are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.precision import MixedPrecision
from torch import Tensor

from bscnet.settings.optimizer import OptimizerSettings
from bscnet.settings.words import OptimizerName, chosen

OPTIMIZERS: dict[OptimizerName, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
}
"""What `optimizer.name` stands for."""


def make_optimizer(
    options: OptimizerSettings, groups: Sequence[dict[str, Any]], lr: float, fused: bool = True
) -> torch.optim.Optimizer:
    """An optimizer of torch.

    Args:
        options: the config group; its `lr_scale` is in `lr` already, and what is further there goes to the class.
        groups: of parameters, as torch's optimizers take them.
        lr: learning rate.
        fused: take torch's fused implementation, of one pass, where it serves: float32 or float64 on the CPU or CUDA.

    A state that is loaded leaves the implementation as it is: a checkpoint says with which one it was trained, perhaps
    on another kind of device.

    Raises:
        TypeError, ValueError: an option that the class has not, or whose value it does not take.
    """
    kind = chosen(OPTIMIZERS, options.name, "optimizer.name")
    given = {key: _frozen(value) for key, value in options.further.items()}
    parameters: list[Tensor] = [parameter for group in groups for parameter in group["params"]]
    serves = all(p.device.type in ("cpu", "cuda") and p.dtype in (torch.float32, torch.float64) for p in parameters)
    own = True if fused and serves else None
    optimizer = kind(groups, lr=lr, weight_decay=options.weight_decay, fused=own, **given)  # type: ignore[call-arg]

    def keep(_: torch.optim.Optimizer, state: dict[str, Any]) -> dict[str, Any]:
        return {**state, "param_groups": [{**group, "fused": own} for group in state["param_groups"]]}

    optimizer.register_load_state_dict_pre_hook(keep)
    return optimizer


def _frozen(value: Any) -> Any:
    """A list, such as betas, as torch's own defaults are: a tuple."""
    return tuple(value) if isinstance(value, list) else value


def clips_scaled_gradients(trainer: pl.Trainer | None) -> bool:
    """Whether a Trainer clips gradients under mixed precision, where Lightning refuses a fused optimizer."""
    if trainer is None:
        return False
    return bool(trainer.gradient_clip_val) and isinstance(trainer.precision_plugin, MixedPrecision)
