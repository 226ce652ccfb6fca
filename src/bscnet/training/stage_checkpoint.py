"""Keeps the best and the last checkpoint of a stage."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint

from bscnet.runs.checkpoint import METADATA_KEY, PROGRESS_KEY
from bscnet.runs.layout import BEST, LAST

SCORES = ("miou", "macc", "acc", "loss")
"""What of a validation is kept with a checkpoint."""


def is_better(score: float, best: float) -> bool:
    """Whether `score` is larger than `best`; NaN is worse than every number."""
    return not math.isnan(score) and (math.isnan(best) or score > best)


class StageCheckpoint(Checkpoint):
    """After every epoch writes `last.ckpt`, and `best.ckpt` when the validation mIoU has risen.

    Saved at the end of the training epoch, when the schedule has already stepped, so that a run that goes on from
    `last.ckpt` starts exactly where the next epoch would have. Each file says under "bscnet" / "progress" how many
    epochs it has seen, its own mIoU and other scores, the best mIoU so far, and the wall time of all runs of the stage
    in seconds.

    Args:
        directory: where the two files go.
        monitor: the logged metric; larger is better. NaN (nothing labelled) never beats a number.
    """

    def __init__(self, directory: str | Path, monitor: str = "val/miou") -> None:
        self.directory = Path(directory)
        self.monitor = monitor
        self._score = self._best = math.nan
        self._scores: dict[str, float] = {}
        self._earlier_seconds = 0.0
        self._started = time.monotonic()
        self._epochs = 0
        self._validated = False

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts the clock."""
        self._started = time.monotonic()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Takes the score of this epoch; the trial run before training does not count."""
        if not trainer.sanity_checking:
            found = trainer.callback_metrics
            self._score = float(found[self.monitor])
            self._scores = {key: float(found[f"val/{key}"]) for key in SCORES if f"val/{key}" in found}
            self._validated = True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Writes the files: the best first, because `last.ckpt` is what a later run believes."""
        self._epochs = trainer.current_epoch + 1
        if self._epochs == 1 or (self._validated and is_better(self._score, self._best)):
            self._best = self._score
            trainer.save_checkpoint(self.directory / BEST, weights_only=False)
        self._validated = False
        trainer.save_checkpoint(self.directory / LAST, weights_only=False)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Adds the progress."""
        checkpoint.setdefault(METADATA_KEY, {})[PROGRESS_KEY] = {
            "epochs": self._epochs,
            "val_miou": self._score,
            "scores": self._scores,
            "best_val_miou": self._best,
            "seconds": self._earlier_seconds + time.monotonic() - self._started,
        }

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Goes on from the progress of the run before."""
        progress = checkpoint[METADATA_KEY][PROGRESS_KEY]
        self._epochs, self._score, self._best = progress["epochs"], progress["val_miou"], progress["best_val_miou"]
        self._scores = progress.get("scores", {})  # not in checkpoints of version 0.1.0
        self._earlier_seconds = progress["seconds"]
