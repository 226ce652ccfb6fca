"""Options of Lightning's Trainer, checked before there is anything to train: their names, their types, their values."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, get_type_hints

import pytorch_lightning as pl
import torch

from bscnet.errors import InputError
from bscnet.settings.rules import Number, Rule, as_typed, refusal
from bscnet.training.hints import fits, in_words
from bscnet.training.trainer import DECIDED, quiet

_PLACE = ("accelerator", "devices", "strategy", "num_nodes", "precision", "plugins", "sync_batchnorm")
"""Options that depend on the machine."""

_NARROWER: dict[str, Rule] = {
    "limit_train_batches": Number(0, above=True),  # without a batch Lightning trains nothing, and says nothing
}
"""Of what Lightning takes, what a stage can be trained with."""

_NOTHING = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}


def require_trainer_options(options: Mapping[str, Any], here: bool = True) -> None:
    """See that a Trainer can be made of these options.

    Args:
        options: what goes to it, but for callbacks.
        here: the stage runs on this machine; if not, options that depend on the machine are not tried.

    Raises:
        InputError: an option that Lightning has not, that a stage decides by itself, or whose value is of another
            type or refused.
    """
    hints = get_type_hints(pl.Trainer.__init__)
    known = [name for name in hints if name != "return"]
    for name, value in options.items():
        if name in DECIDED:
            raise InputError(f"trainer.{name} cannot be given: {DECIDED[name]}")
        if name not in known:
            close = get_close_matches(name, known, n=1)
            meant = f", is trainer.{close[0]} meant?" if close else ""
            raise InputError(f"trainer.{name} is no option of Lightning's Trainer{meant}")
        if not fits(value, hints[name]):
            raise InputError(f"trainer.{name}={as_typed(value)} is not usable: it must be {in_words(hints[name])}")
        if value is not None and name in _NARROWER and not _NARROWER[name].accepts(value):
            raise refusal(f"trainer.{name}", value, _NARROWER[name])
    tried = {name: value for name, value in options.items() if here or name not in _PLACE}
    own = {} if here else {"accelerator": "cpu", "devices": 1}
    reason = _refusal({**own, **tried})
    if reason is None:
        return
    for name, value in tried.items():
        if (alone := _refusal({**own, name: value})) is not None:
            raise InputError(f"trainer.{name}={as_typed(value)} is not usable: {alone}")
    raise InputError(f"the trainer's options do not go together: {reason}")


def _refusal(options: Mapping[str, Any]) -> str | None:
    """Why Lightning makes no Trainer of these options, in its own words; None: it makes one."""
    try:
        with _unchanged_torch(), quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pl.Trainer(**{**_NOTHING, **options})
    except Exception as error:  # of a dozen types
        return " ".join(str(error).split()) or type(error).__name__
    return None


@contextmanager
def _unchanged_torch() -> Iterator[None]:
    """Give back the switches of torch that a Trainer turns when it is made."""
    deterministic, benchmark = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(deterministic)
        torch.backends.cudnn.benchmark = benchmark
