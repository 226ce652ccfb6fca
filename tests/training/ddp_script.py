"""Two CPU processes train one stage; each writes what it drew at every epoch's start and what it ended with.

Arguments: directory, backend, conv, bar|line, resume (0 or 1), and perhaps a folder that takes what is in the directory
at the first batch of the third epoch: processes that are killed there leave that behind. A search has Gumbel noise.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from pytorch_lightning.callbacks import Callback

from fixtures.tiny_training import TinyData, spec, train, unet


class Draws(Callback):
    """Looks at the next random numbers of each epoch without drawing them, and copies what a run has left."""

    def __init__(self, directory: Path, copy: Path | None) -> None:
        self.directory, self.copy = directory, copy
        self.seen: dict[int, list[float]] = {}

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx > 0:
            return
        torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()
        self.seen[trainer.current_epoch] = [*torch.rand(3).tolist(), float(np.random.rand())]
        torch.set_rng_state(torch_state)
        np.random.set_state(numpy_state)
        if self.copy is not None and trainer.current_epoch == 2 and trainer.is_global_zero:
            shutil.copytree(self.directory, self.copy)


if __name__ == "__main__":
    directory, backend, conv, progress, resume = Path(sys.argv[1]), *sys.argv[2:6]
    sys.stdout.isatty = lambda: progress == "bar"  # type: ignore[method-assign]
    draws = Draws(directory, Path(sys.argv[6]) if len(sys.argv) > 6 else None)
    network = unet("a1w1", conv, relax="gumbel_softmax")
    outcome = train(
        network,
        spec("a1w1", conv, epochs=4 if conv == "composite" else 2),
        TinyData(val_scenes=3),  # two scenes for process 0, one for process 1
        directory,
        backend=backend,
        resume=resume == "1",
        callbacks=[draws],
        trainer={"accelerator": "cpu", "devices": 2, "strategy": "ddp"},
    )
    rank = int(os.environ.get("LOCAL_RANK", "0"))
    found = {"state": network.state_dict(), "outcome": vars(outcome), "draws": draws.seen}
    torch.save(found, directory / f"rank{rank}.pt")
