"""Processes on the CPU search with Gumbel noise; each writes what it draws at every epoch's start, and its weights.

Arguments: directory, number of processes, epoch at whose first batch all of them stop (-1: none), resume (0 or 1).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import contextlib

import numpy as np
import torch
from pytorch_lightning.callbacks import Callback

from fixtures.tiny_training import TinyData, spec, train, unet


class _Stopped(Exception):
    """Ends a run between two epochs."""


class Draws(Callback):
    """Looks at the next random numbers of each epoch without drawing them, and stops the run."""

    def __init__(self, stop: int) -> None:
        self.stop = stop
        self.seen: dict[int, list[float]] = {}

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx > 0:
            return
        torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()
        self.seen[trainer.current_epoch] = [*torch.rand(3).tolist(), float(np.random.rand())]
        torch.set_rng_state(torch_state)
        np.random.set_state(numpy_state)
        if trainer.current_epoch == self.stop:
            raise _Stopped


if __name__ == "__main__":
    directory, processes, stop, resume = Path(sys.argv[1]), *map(int, sys.argv[2:])
    draws = Draws(stop)
    network = unet("a1w1", "composite", relax="gumbel_softmax")
    with contextlib.suppress(_Stopped):
        train(
            network,
            spec("a1w1", "composite", epochs=4),
            TinyData(),
            directory,
            resume=bool(resume),
            callbacks=[draws],
            trainer={"accelerator": "cpu", "devices": processes, "strategy": "ddp"},
        )
    rank = int(os.environ.get("LOCAL_RANK", "0"))
    torch.save({"draws": draws.seen, "state": network.state_dict()}, directory / f"rank{rank}-{resume}.pt")
