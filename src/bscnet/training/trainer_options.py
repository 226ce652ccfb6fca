"""Options of Lightning's Trainer, checked before there is anything to train: their names, their types, their values."""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytorch_lightning as pl
import torch

from bscnet.errors import InputError
from bscnet.training.trainer import DECIDED, quiet

_PLACE = ("accelerator", "devices", "strategy", "num_nodes", "precision", "plugins", "sync_batchnorm")
"""Options that depend on the machine."""

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
        if not _fits(value, hints[name]):
            raise InputError(f"trainer.{name}={_typed(value)} is not usable: it must be {_words(hints[name])}")
    tried = {name: value for name, value in options.items() if here or name not in _PLACE}
    own = {} if here else {"accelerator": "cpu", "devices": 1}
    reason = _refusal({**own, **tried})
    if reason is None:
        return
    for name, value in tried.items():
        if (alone := _refusal({**own, name: value})) is not None:
            raise InputError(f"trainer.{name}={_typed(value)} is not usable: {alone}")
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


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type hint; whether the entries of a list or a mapping are, is for Lightning to say."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in get_args(hint))
    kind = origin or hint
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if kind is float:
        return isinstance(value, int | float)
    return isinstance(value, kind)


def _words(hint: Any) -> str:
    """A type hint as one types its values."""
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    words: list[str] = []
    for part in parts:
        if get_origin(part) is Literal:
            words += [str(one) for one in get_args(part)]
        else:
            kind = get_origin(part) or part
            words.append(_KINDS.get(kind, f"a {kind.__name__}"))
    return ", ".join(dict.fromkeys(words))


_KINDS = {
    int: "a whole number",
    float: "a number",
    bool: "true, false",
    str: "a text",
    list: "a list",
    dict: "a mapping",
    type(None): "null",
}


def _typed(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
