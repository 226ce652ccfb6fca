"""The Lightning Trainer of a stage, and the fit itself."""

from __future__ import annotations

import logging
import signal
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import CSVLogger, Logger
from pytorch_lightning.trainer.states import TrainerStatus

from bscnet.runs.layout import CSV_FOLDER, checkpoint_folder
from bscnet.training.allocator import keep_freed_memory
from bscnet.training.checkpoint_io import AtomicCheckpointIO
from bscnet.training.dropped import DroppedPoints
from bscnet.training.finite import FiniteWeights
from bscnet.training.progress import progress_callback
from bscnet.training.random_state import RandomState
from bscnet.training.stage_checkpoint import StageCheckpoint

_HARMLESS = (
    ".*does not have many workers which may be a bottleneck.*",  # how many workers to use is a config value
    ".*GPU available but not used.*",
    ".*You have overridden `transfer_batch_to_device` in `LightningModule`.*",  # as intended
    ".*is smaller than the logging interval.*",  # the epoch is logged all the same
    ".*you need to define a `flops_per_batch`.*",  # of the throughput monitor; `bscnet profile` counts operations
    ".*`isinstance\\(treespec, LeafSpec\\)` is deprecated.*",  # Lightning's own use of torch's pytree
)


DECIDED = {
    "max_epochs": "recipe.epochs says how long a stage is",
    "max_steps": "recipe.epochs says how long a stage is",
    "logger": "loggers are those of logger=",
    "default_root_dir": "the folder of a run is that of output_dir",
    "use_distributed_sampler": "scenes are dealt out to processes by the data",
    "enable_checkpointing": "a stage lives from its checkpoints",
    "fast_dev_run": "a stage lives from its checkpoints: recipe.epochs=1 and trainer.limit_train_batches make it short",
    "barebones": "a stage lives from its checkpoints",
}
"""Options of Lightning's Trainer that a stage sets by itself or cannot do without, and why."""


def make_trainer(
    title: str,
    epochs: int,
    directory: Path,
    options: Mapping[str, Any],
    loggers: Sequence[Logger] = (),
    callbacks: Sequence[Callback] = (),
) -> pl.Trainer:
    """A Trainer that checkpoints every epoch, keeps the random state, logs to CSV and shows progress.

    Args:
        title: of the progress lines.
        epochs: how many.
        directory: the stage's own folder.
        options: of `pytorch_lightning.Trainer`; they win over the defaults here, except for those in `DECIDED`.
        loggers, callbacks: in addition to the stage's own.
    """
    given = dict(options)
    own = [
        progress_callback(title),
        FiniteWeights(),
        DroppedPoints(),
        RandomState(),
        StageCheckpoint(checkpoint_folder(directory)),
    ]
    return pl.Trainer(
        **{
            "log_every_n_steps": 1,
            "num_sanity_val_steps": 0,
            "enable_model_summary": False,
            "enable_progress_bar": any(isinstance(callback, pl.callbacks.ProgressBar) for callback in own),
            **given,
            "plugins": [AtomicCheckpointIO(), *(given.get("plugins") or [])],
            "callbacks": [*own, *callbacks],
            "logger": [CSVLogger(str(directory), name=CSV_FOLDER), *loggers],
            "default_root_dir": str(directory),
            "max_epochs": epochs,
            "use_distributed_sampler": False,
        }
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps Lightning's notices (devices found, tips, "max_epochs reached") off the screen; its warnings stay."""
    logger = logging.getLogger("pytorch_lightning.utilities.rank_zero")
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            for message in _HARMLESS:
                warnings.filterwarnings("ignore", message=message)
            yield
    finally:
        logger.setLevel(before)


@contextmanager
def float32_matmuls(precision: str | None) -> Iterator[None]:
    """Has torch multiply float32 matrices in "highest", "high" or "medium" precision; with None as it does anyway."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision or before)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def fit(
    trainer: pl.Trainer, module: pl.LightningModule, datamodule: pl.LightningDataModule, resume_from: Path | None
) -> None:
    """Runs the fit; Ctrl-C comes out as `KeyboardInterrupt` (Lightning turns it into an exit and mutes later ones)."""
    keep_freed_memory()
    in_main_thread = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGINT) if in_main_thread else None
    try:
        trainer.fit(module, datamodule=datamodule, ckpt_path=resume_from, weights_only=True)
    except SystemExit as error:
        if trainer.state.status == TrainerStatus.INTERRUPTED:
            raise KeyboardInterrupt from error
        raise
    finally:
        if in_main_thread and handler is not None:
            signal.signal(signal.SIGINT, handler)
