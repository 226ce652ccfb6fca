"""Progress on the screen: one line an epoch, and in a terminal a bar below them. The lines go to the log as well."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, RichProgressBar
from pytorch_lightning.callbacks.progress.rich_progress import (
    BatchesProcessedColumn,
    CustomBarColumn,
    CustomTimeColumn,
)
from rich.progress import ProgressColumn, TextColumn

_log = logging.getLogger(__name__)

_READ_EVERY_S = 0.5
_BAR_WIDTH = 16
"""Characters, so that a line of the bar fits into 80."""


class EpochLine(Callback):
    """Prints and logs one line after every epoch: loss, validation mIoU, learning rate, seconds.

    Args:
        title: what stands before the epoch, such as "stage 1 search".
        write: where the line goes.
    """

    def __init__(self, title: str, write: Callable[[str], None] | None = None) -> None:
        self.title = title
        self._write = write or _print
        self._started = time.monotonic()

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts the clock."""
        self._started = time.monotonic()

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Prints the line, on process 0 only."""
        found = trainer.callback_metrics  # reading them sums over the processes, so all have to do it
        if not trainer.is_global_zero:
            return
        parts = [f"{self.title}  epoch {trainer.current_epoch + 1}/{trainer.max_epochs}"]
        if "train/loss_epoch" in found:
            parts.append(f"loss {float(found['train/loss_epoch']):.4f}")
        if "val/miou" in found:
            parts.append(f"val mIoU {100 * float(found['val/miou']):.2f} %")
        if "lr" in found:
            parts.append(f"lr {float(found['lr']):.1e}")
        parts.append(f"{time.monotonic() - self._started:.1f} s")
        line = "  ".join(parts)
        _log.info("%s", line)
        self._write(line)


class EpochBar(RichProgressBar):
    """Lightning's rich progress bar, one for all epochs, in 80 columns below the line of every finished epoch.

    Its numbers are read more seldom, and where they are read, on every process. By itself it reads them after each
    step, which waits for a GPU every time. And it reads the epoch's numbers on process 0 alone and then waits for the
    others for ever: reading them sums over the processes.

    Args:
        title: see `EpochLine`.
    """

    def __init__(self, title: str) -> None:
        super().__init__(leave=False)
        self._line = EpochLine(title, self._above)
        self._numbers: dict[str, int | str | float | dict[str, float]] = {}
        self._read_next = 0.0

    def configure_columns(self, trainer: pl.Trainer) -> list[ProgressColumn]:
        """Epoch, bar, batches, time so far and time left; Lightning puts the numbers behind them."""
        return [
            TextColumn("{task.description}"),
            CustomBarColumn(bar_width=_BAR_WIDTH),
            BatchesProcessedColumn(style=""),
            CustomTimeColumn(style="dim"),
        ]

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Starts the epoch's line, and its bar, which goes when the fit ends."""
        self._line.on_train_epoch_start(trainer, pl_module)
        super().on_train_epoch_start(trainer, pl_module)
        if self.progress is not None:
            self.progress.live.transient = True

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Reads the metrics on every process, then shows them."""
        _ = trainer.progress_bar_metrics
        self._read_next = 0.0
        super().on_train_epoch_end(trainer, pl_module)
        self._line.on_train_epoch_end(trainer, pl_module)

    def get_metrics(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """The loss of the last step, a moment old."""
        if time.monotonic() >= self._read_next:
            found = super().get_metrics(trainer, pl_module)
            self._numbers = {"loss": found["train/loss_step"]} if "train/loss_step" in found else {}
            self._read_next = time.monotonic() + _READ_EVERY_S
        return self._numbers

    def _get_train_description(self, current_epoch: int) -> str:
        """As Lightning's own, counted from 1 as the lines are."""
        return f"epoch {current_epoch + 1}/{self.trainer.max_epochs}"

    def _above(self, line: str) -> None:
        if self.progress is None:  # nothing is shown: `trainer.enable_progress_bar=false`
            _print(line)
        else:
            self.progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _print(line: str) -> None:
    print(line, flush=True)


def progress_callback(title: str, terminal: bool | None = None) -> Callback:
    """A rich progress bar if stdout is a terminal (or `terminal` says so), else `EpochLine`."""
    is_terminal = sys.stdout.isatty() if terminal is None else terminal
    return EpochBar(title) if is_terminal else EpochLine(title)
