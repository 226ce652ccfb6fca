"""Random state in checkpoints, so that an interrupted run draws the numbers an uninterrupted one would."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

CPU = torch.device("cpu")


def capture(device: torch.device = CPU) -> dict[str, Any]:
    """The state of the global generators of torch (the CPU's, and that of one CUDA device), NumPy and Python.

    Plain values and tensors.
    """
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    words = np.asarray(keys, dtype=np.int64)  # torch has no uint32 that can be saved as such
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
        "numpy": [str(name), torch.from_numpy(words), int(position), int(has_gauss), float(cached)],
        "python": random.getstate(),
    }


def restore(state: dict[str, Any], device: torch.device = CPU) -> None:
    """Puts the generators back to a captured state; that of a CUDA device where one was captured."""
    torch.set_rng_state(state["torch"].cpu())
    if device.type == "cuda" and isinstance(state["cuda"], torch.Tensor):
        torch.cuda.set_rng_state(state["cuda"].cpu(), device)
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, cached))
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))


def branch_off(state: dict[str, Any], rank: int) -> None:
    """Seeds all generators by a captured state and a process' number: always alike, and unlike any other number's."""
    digest = hashlib.sha256(state["torch"].cpu().numpy().tobytes() + rank.to_bytes(8, "little")).digest()
    torch.manual_seed(int.from_bytes(digest[:8], "little"))  # of every device
    np.random.seed(int.from_bytes(digest[8:12], "little"))
    random.seed(digest)


class RandomState(Callback):
    """Captures the random state after every epoch, and puts it back before the first batch of the next one.

    Putting it back in an uninterrupted run too is what makes the two alike: data loaders draw their seeds from the
    global generator at moments that differ between a run that goes on and one that starts from a checkpoint.

    Under DDP every process has a random stream of its own, and a checkpoint holds all their states. A process that
    finds none there, because the run goes on with more processes (or the checkpoint is of version 0.1.0, which kept the
    state of process 0 alone), branches off from the state of process 0, as all but process 0 do at the very start.
    """

    def __init__(self) -> None:
        self._states: list[dict[str, Any]] = []

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Captures (before the checkpoint is written: checkpointing callbacks run last)."""
        self._states = _of_all_processes(capture(trainer.strategy.root_device), trainer.world_size)

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Restores, at the first batch of an epoch."""
        if batch_idx > 0:
            return
        rank, device = trainer.global_rank, trainer.strategy.root_device
        if rank < len(self._states):
            restore(self._states[rank], device)
        elif rank > 0:
            branch_off(self._states[0] if self._states else capture(), rank)

    def state_dict(self) -> dict[str, Any]:
        """What goes into the checkpoint."""
        return {"states": self._states}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """What comes out of it."""
        self._states = state_dict["states"] if "states" in state_dict else [_converted(state_dict["state"])]


def _converted(state: dict[str, Any]) -> dict[str, Any]:
    """The state that version 0.1.0 kept: that of process 0, with a list of all its CUDA devices."""
    return {**state, "cuda": state["cuda"][0] if state["cuda"] else None}


def _of_all_processes(state: dict[str, Any], world_size: int) -> list[dict[str, Any]]:
    """The states of all processes, in their order, in each of them."""
    if world_size == 1:
        return [state]
    states: list[Any] = [None] * world_size
    torch.distributed.all_gather_object(states, state)
    return states
