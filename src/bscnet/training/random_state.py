"""Random state in checkpoints, so that an interrupted run draws the numbers an uninterrupted one would."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback


def capture() -> dict[str, Any]:
    """The state of the global generators of torch (CPU and CUDA), NumPy and Python, as plain values and tensors."""
    name, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    words = np.asarray(keys, dtype=np.int64)  # torch has no uint32 that can be saved as such
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "numpy": [str(name), torch.from_numpy(words), int(position), int(has_gauss), float(cached)],
        "python": random.getstate(),
    }


def restore(state: dict[str, Any]) -> None:
    """Puts the generators back to a captured state (CUDA's only where the number of devices is the same)."""
    torch.set_rng_state(state["torch"].cpu())
    if state["cuda"] and len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([s.cpu() for s in state["cuda"]])
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, keys.numpy().astype(np.uint32), position, has_gauss, cached))
    version, words, gauss = state["python"]
    random.setstate((version, tuple(words), gauss))


class RandomState(Callback):
    """Captures the random state after every epoch, and puts it back before the first batch of the next one.

    Putting it back in an uninterrupted run too is what makes the two alike: data loaders draw their seeds from the
    global generator at moments that differ between a run that goes on and one that starts from a checkpoint. Under DDP
    every process goes on from process 0's state.
    """

    def __init__(self) -> None:
        self._state: dict[str, Any] | None = None

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Captures (before the checkpoint is written: checkpointing callbacks run last)."""
        self._state = trainer.strategy.broadcast(capture())

    def on_train_batch_start(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Restores, at the first batch of an epoch."""
        if batch_idx == 0 and self._state is not None:
            restore(self._state)

    def state_dict(self) -> dict[str, Any]:
        """What goes into the checkpoint."""
        return {"state": self._state}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """What comes out of it."""
        self._state = state_dict["state"]
