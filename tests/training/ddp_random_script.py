"""Two CPU processes search with Gumbel noise; each writes what it draws at every epoch's start, and its weights.

Arguments: directory, resume (0 or 1), and for a run that is not resumed a folder: it takes what is in the directory at
the first batch of the third epoch, which is what processes that are killed there leave behind.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import shutil

import numpy as np
import torch
from pytorch_lightning.callbacks import Callback

from fixtures.tiny_training import TinyData, spec, train, unet


class Draws(Callback):
    """Looks at the next random numbers of each epoch without drawing them, and copies what a run has left."""

    def __init__(self, left: tuple[Path, Path] | None) -> None:
        self.left = left
        self.seen: dict[int, list[float]] = {}

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx > 0:
            return
        torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()
        self.seen[trainer.current_epoch] = [*torch.rand(3).tolist(), float(np.random.rand())]
        torch.set_rng_state(torch_state)
        np.random.set_state(numpy_state)
        if self.left is not None and trainer.current_epoch == 2 and trainer.is_global_zero:
            shutil.copytree(*self.left)


if __name__ == "__main__":
    directory, resume = Path(sys.argv[1]), int(sys.argv[2])
    draws = Draws(None if resume else (directory, Path(sys.argv[3])))
    network = unet("a1w1", "composite", relax="gumbel_softmax")
    train(
        network,
        spec("a1w1", "composite", epochs=4),
        TinyData(),
        directory,
        resume=bool(resume),
        callbacks=[draws],
        trainer={"accelerator": "cpu", "devices": 2, "strategy": "ddp"},
    )
    rank = int(os.environ.get("LOCAL_RANK", "0"))
    torch.save({"draws": draws.seen, "state": network.state_dict()}, directory / f"rank{rank}-{resume}.pt")
