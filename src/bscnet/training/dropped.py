"""Telling how many points training leaves out because their scans are wider than the training cube."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

if TYPE_CHECKING:
    from bscnet.data.collate import Batch

LOUD = 0.01
"""Share of an epoch's points from which on leaving them out is worth a warning."""

_log = logging.getLogger(__name__)


class DroppedPoints(Callback):
    """Logs `train/dropped`, the share of an epoch's points that fell outside the training cube, and warns once a stage.

    The warning is about the points of process 0.
    """

    def __init__(self) -> None:
        self._told = False
        self._dropped = self._points = 0
        self._worst = (0.0, "")

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts counting."""
        self._dropped = self._points = 0
        self._worst = (0.0, "")

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Batch, batch_idx: int
    ) -> None:
        """Counts the points of a batch."""
        scenes = zip(batch.scenes, batch.points_per_scene, batch.dropped_per_scene, strict=True)
        shares = [(dropped / (kept + dropped), scene) for scene, kept, dropped in scenes]
        self._worst = max(self._worst, *shares)
        dropped = sum(batch.dropped_per_scene)
        self._dropped += dropped
        self._points += sum(batch.points_per_scene) + dropped

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Logs the share, and warns once."""
        share = self._dropped / max(self._points, 1)
        # weighted by its points, the mean over processes is the share of the epoch
        pl_module.log(
            "train/dropped", share, on_step=False, on_epoch=True, sync_dist=True, batch_size=max(self._points, 1)
        )
        if self._told or share <= LOUD or not trainer.is_global_zero:
            return
        self._told = True
        worst, scene = self._worst
        _log.warning(
            "training left out %.3g %% of the points of an epoch, the most of %s (%.3g %%): scans wider than the "
            "training cube are seen in random pieces; larger voxels show more of them, if their unit is right",
            100 * share,
            scene,
            100 * worst,
        )
