"""Exponential moving average of a network's weights, by Lightning's weight averaging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor


def is_averaged(checkpoint: Mapping[str, Any]) -> bool:
    """Whether the weights of a checkpoint are averages, and those that training goes on with stand beside them."""
    return "averaging_state" in checkpoint


class Ema(WeightAveraging):
    """Validates, carries and exports the average of the weights over the steps; training goes on with the weights.

    After step n the average is d a + (1 - d) w with d = min(decay, (1 + n) / (10 + n)), so that a short stage is not
    ruled by its first weights (as TensorFlow's ExponentialMovingAverage with num_updates). Statistics of batch norm are
    averaged likewise. Whole numbers, such as shifts, are taken as they are: Lightning's own callback rounds them down.
    A checkpoint holds both, and a run that goes on has both again.

    Args:
        decay: the largest d.
        every_n_steps: optimizer steps from one average to the next.
    """

    def __init__(self, decay: float = 0.999, every_n_steps: int = 1) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"decay={decay} must be from 0 to below 1")
        if every_n_steps < 1:
            raise ValueError(f"every_n_steps={every_n_steps} must be at least 1")
        self.decay, self.every_n_steps = decay, every_n_steps
        super().__init__(use_buffers=True, avg_fn=self._average)

    def should_update(self, step_idx: int | None = None, epoch_idx: int | None = None) -> bool:
        """After every `every_n_steps`-th step."""
        return step_idx is not None and step_idx % self.every_n_steps == 0

    def _average(self, average: Tensor, current: Tensor, count: Any) -> Tensor:
        """The new average of a tensor after `count` earlier ones."""
        if not average.is_floating_point():
            return current
        number = int(count)
        decay = min(self.decay, (1 + number) / (10 + number))
        return average.lerp(current, 1 - decay)
