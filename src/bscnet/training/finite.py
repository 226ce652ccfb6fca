"""Training ends where weights, or what a network makes of them, stop being numbers."""

from __future__ import annotations

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch import nn

from bscnet.errors import InputError

_HELP = "lower recipe.lr_scale, or add trainer.gradient_clip_val=1"


class FiniteWeights(Callback):
    """After every epoch sees that all weights and statistics are finite, before a checkpoint is written.

    A NaN never leaves a network again: what would be trained from there on is lost, and the checkpoint of the epoch
    before is worth more than one of this epoch.
    """

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Checks.

        Raises:
            InputError: names the first that is not finite, and what helps.
        """
        require_finite_weights(pl_module, trainer.current_epoch + 1)


def require_finite_weights(module: nn.Module, epoch: int) -> None:
    """See that all weights and statistics are finite; InputError: names the first that is not, and what helps."""
    tensors = {name: value for name, value in module.state_dict().items() if value.is_floating_point()}
    finite = torch.stack([value.isfinite().all() for value in tensors.values()]).tolist()
    for name, fine in zip(tensors, finite, strict=True):
        if not fine:
            raise InputError(
                f"{name.removeprefix('network.')} holds values that are not finite after epoch {epoch}: {_HELP}"
            )


def refuse_answers(module: nn.Module, epoch: int) -> None:
    """Raise an InputError about logits that are not finite, which an argmax would score like any others.

    It names the weights where those are the reason.
    """
    require_finite_weights(module, epoch)
    raise InputError(
        f"the network's answers over the validation split are not finite after epoch {epoch}, though its weights are: "
        f"{_HELP}"
    )
