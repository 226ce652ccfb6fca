"""Where a Trainer runs, in which precision, and how torch uses the GPU there."""

from __future__ import annotations

import os
from typing import Any

from bscnet.errors import InputError
from bscnet.settings.composed import Settings
from bscnet.settings.group import FURTHER, as_plain
from bscnet.settings.machine import TrainerSettings
from bscnet.settings.words import MIXED_PRECISIONS

_OWN_KEYS = ("matmul_precision", "cuda_allocator", "callbacks")
"""Keys of conf/trainer that do not go to Lightning's Trainer: callbacks do with those of a stage."""

_ALLOCATOR_VARIABLES = ("PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ALLOC_CONF")
"""Environment variables with the settings of torch's allocator; every version that bscnet runs on reads the first."""


def device_kind(trainer: TrainerSettings) -> str:
    """ "cuda" or "cpu": where a Trainer with these options runs; InputError: on a GPU, and this machine has none."""
    accelerator = str(trainer.accelerator)
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


def require_device(settings: Settings) -> None:
    """See that this machine can train with these settings: it has the device, and on it the backend and the precision.

    Raises:
        InputError: there is no GPU, a backend asked for by name cannot serve, a CPU has no such precision, or the
            backend that would be taken has not.
    """
    device, precision = device_kind(settings.trainer), settings.trainer.precision
    if device == "cpu" and precision == "16-mixed":
        raise InputError("trainer.precision=16-mixed is for GPUs alone: on a CPU add trainer.precision=bf16-mixed")
    from bscnet.sparse import resolve_backend

    asked = settings.backend.name
    refuse_precision(precision, resolve_backend(asked, device)[0], asked)


def refuse_precision(precision: str, backend: str, asked: str) -> None:
    """Raise an InputError if a backend computes in single precision only, and the Trainer is to do so in another.

    Args:
        precision: `trainer.precision`.
        backend: the one that is taken.
        asked: what the configuration calls it.
    """
    if precision in MIXED_PRECISIONS and backend == "minkowski":
        which = "" if asked == backend else f" (which backend={asked} is here)"
        raise InputError(
            f"trainer.precision={precision} is not for backend=minkowski{which}: add backend=torch, or "
            "trainer.precision=32-true"
        )


def trainer_options(trainer: TrainerSettings) -> dict[str, Any]:
    """What of conf/trainer goes to Lightning's Trainer; what has a `_target_`, such as a profiler, is made.

    Raises:
        InputError: it cannot be made.
    """
    from bscnet.chain.made import made

    known = {key: as_plain(value) for key, value in vars(trainer).items() if key != FURTHER}
    options = {**known, **trainer.further}
    return {key: made(f"trainer.{key}", value) for key, value in options.items() if key not in _OWN_KEYS}


def set_allocator(trainer: TrainerSettings) -> None:
    """Give torch's CUDA allocator the settings of conf/trainer, where the environment says nothing about it.

    Torch reads them when memory is first asked for: has to be called before that.
    """
    wanted = trainer.cuda_allocator
    if wanted is not None and not any(name in os.environ for name in _ALLOCATOR_VARIABLES):
        os.environ[_ALLOCATOR_VARIABLES[0]] = wanted
