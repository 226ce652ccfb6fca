"""Batch norm's running statistics, estimated anew where a network has changed and its weights have not."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from bscnet.data.collate import Batch
from bscnet.nn import SiteNorm
from bscnet.training.segmentation import voxel_logits


@torch.no_grad()
def estimate_norms(network: torch.nn.Module, batches: Iterable[Batch], backend: str) -> None:
    """Set every batch norm's running mean and variance to their means over the batches; nothing else changes."""
    norms = [module for module in network.modules() if isinstance(module, SiteNorm)]
    momenta = [norm.momentum for norm in norms]
    was_training = network.training
    for norm in norms:
        norm.momentum = None  # the mean over all batches
        norm.num_batches_tracked.zero_()
    network.train()
    for batch in batches:
        voxel_logits(network, batch, backend)
    network.train(was_training)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


class NormEstimate(Callback):
    """Before the first step of a stage estimates the statistics over the first training batches.

    Args:
        batches: how many of them.
    """

    def __init__(self, batches: int) -> None:
        self.batches = batches

    def on_train_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
        """Estimates, if no step has been made yet."""
        if trainer.global_step > 0:
            return
        loader = trainer.datamodule.train_dataloader()  # type: ignore[attr-defined]
        placed = (batch.to(pl_module.device) for batch in islice(loader, self.batches))
        estimate_norms(pl_module.network, placed, pl_module.backend)
