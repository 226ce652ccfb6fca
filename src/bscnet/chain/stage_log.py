"""What `stage.log` tells of a stage beside its epochs: what it runs on, and what came out."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from bscnet.chain.device import device_kind
from bscnet.counted import counted
from bscnet.evaluation.percent import percent
from bscnet.runs.stage import StageOutcome, StageSpec
from bscnet.settings.composed import Settings
from bscnet.version import __version__

if TYPE_CHECKING:
    from torch import nn

    from bscnet.data.datamodule import ScanDataModule

_log = logging.getLogger(__name__)


def log_start(settings: Settings, spec: StageSpec, backend: str, data: ScanDataModule, network: nn.Module) -> None:
    """Log the stage, device, backend, precision, threads, seed, versions, data and the network's size."""
    import torch

    device = device_kind(settings.trainer)
    if device == "cuda":
        device = f"cuda ({torch.cuda.get_device_name()})"
    method, model, names = settings.method.name, settings.model.name, settings.data.name
    _log.info(
        "stage %d %s of %s, %s: %s, learning rate %g, seed %d",
        *(spec.index, spec.name, method, f"{spec.precision} {spec.conv}", counted(spec.epochs, "epoch"), spec.lr),
        settings.seed,
    )
    _log.info(
        "device %s, devices %s, backend %s, precision %s, %s; bscnet %s, torch %s",
        *(device, settings.trainer.devices, backend, settings.trainer.precision),
        *(counted(torch.get_num_threads(), "thread"), __version__, torch.__version__),
    )
    _log.info(
        "data %s in %s: %s to train on, %s to validate on, voxels of %g cm, %d scenes a step",
        *(names, settings.data.root, counted(data.num_train_scenes, "scene")),
        *(counted(data.num_val_scenes, "scene"), 100 * settings.data.voxel_size, data.batch_size),
    )
    numbers = sum(parameter.numel() for parameter in network.parameters())
    _log.info(
        "network %s: %s parameters, %d features, %d classes", model, f"{numbers:,}", data.in_channels, data.num_classes
    )


def log_outcome(outcome: StageOutcome) -> None:
    """Log the scores of a finished stage, its time and its checkpoint."""
    scores = outcome.scores or {}
    _log.info(
        "finished after %s in %.1f s: val mIoU %s, mean accuracy %s, accuracy %s, loss %s; best mIoU %s; %s",
        *(counted(outcome.epochs, "epoch"), outcome.seconds, percent(outcome.val_miou)),
        *(percent(scores.get(key)) for key in ("macc", "acc")),
        f"{scores['loss']:.4f}" if "loss" in scores else "not known",
        percent(outcome.best_val_miou),
        Path(outcome.checkpoint).name,
    )
