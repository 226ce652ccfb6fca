"""A stage whose weights stop being numbers ends, and keeps the checkpoint of the epoch before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.callbacks import Callback

from bscnet.errors import InputError
from bscnet.runs.checkpoint import network_state, progress_of, read_checkpoint
from fixtures.tiny_training import TinyData, spec, train, unet


class _Breaks(Callback):
    """Puts a value into a weight, or a running mean, at the last step of an epoch."""

    def __init__(self, name: str, value: float) -> None:
        self.name, self.value = name, value

    def on_train_batch_end(self, trainer: Any, pl_module: Any, *_: Any) -> None:
        if trainer.current_epoch == 1 and trainer.is_last_batch:
            pl_module.network.state_dict()[self.name].view(-1)[0] = self.value


@pytest.mark.parametrize("ending, value", [("weight", torch.nan), ("running_mean", torch.inf)])
def test_the_last_good_checkpoint_stays(ending: str, value: float, tmp_path: Path) -> None:
    network = unet()
    name = [key for key in network.state_dict() if key.endswith(ending)][-1]
    sentence = rf"{name} holds values that are not finite after epoch 2: lower recipe\.lr_scale"
    with pytest.raises(InputError, match=sentence):
        train(network, spec(epochs=3), TinyData(), tmp_path, callbacks=[_Breaks(name, value)])
    for kept in ("last.ckpt", "best.ckpt"):
        checkpoint = read_checkpoint(tmp_path / "checkpoints" / kept)
        assert progress_of(checkpoint)["epochs"] == 1
        assert all(tensor.isfinite().all() for tensor in network_state(checkpoint).values())


def test_answers_that_are_no_numbers_are_not_scored(tmp_path: Path) -> None:
    """A negative variance is finite; its square root is not."""
    network = unet()
    name = [key for key in network.state_dict() if key.endswith("running_var")][-1]
    with pytest.raises(InputError, match=r"answers over the validation split are not finite after epoch 2, though"):
        train(network, spec(epochs=3), TinyData(), tmp_path, callbacks=[_Breaks(name, -1.0)])
    assert progress_of(read_checkpoint(tmp_path / "checkpoints" / "last.ckpt"))["epochs"] == 1
