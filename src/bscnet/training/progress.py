"""Progress on the screen: a bar in a terminal, one line per epoch elsewhere."""

from __future__ import annotations

import sys
import time

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, RichProgressBar


class EpochLine(Callback):
    """Prints one line after every epoch: loss, validation mIoU, learning rate, seconds.

    Args:
        title: what stands before the epoch, such as "stage 1 search".
    """

    def __init__(self, title: str) -> None:
        self.title = title
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
        print("  ".join(parts), flush=True)


_READ_EVERY_S = 0.5


class EpochBar(RichProgressBar):
    """Lightning's rich progress bar with its numbers read more seldom, and where they are read, on every process.

    By itself it reads them after each step, which waits for a GPU every time. And it reads the epoch's numbers on
    process 0 alone and then waits for the others for ever: reading them sums over the processes.
    """

    def __init__(self) -> None:
        super().__init__(leave=True)
        self._numbers: dict[str, int | str | float | dict[str, float]] = {}
        self._read_next = 0.0

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Reads the metrics on every process, then shows them."""
        _ = trainer.progress_bar_metrics
        self._read_next = 0.0
        super().on_train_epoch_end(trainer, pl_module)

    def get_metrics(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """The numbers to show, some of them a moment old."""
        if time.monotonic() >= self._read_next:
            self._numbers = super().get_metrics(trainer, pl_module)
            self._read_next = time.monotonic() + _READ_EVERY_S
        return self._numbers


def progress_callback(title: str, terminal: bool | None = None) -> Callback:
    """A rich progress bar if stdout is a terminal (or `terminal` says so), else `EpochLine`."""
    is_terminal = sys.stdout.isatty() if terminal is None else terminal
    return EpochBar() if is_terminal else EpochLine(title)
