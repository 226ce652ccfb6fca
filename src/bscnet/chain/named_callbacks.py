"""The callbacks that a configuration names: of Lightning, of bscnet or of anybody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

from pytorch_lightning.callbacks import Callback, WeightAveraging

from bscnet.chain.made import made
from bscnet.chain.validate_recipe import named_classes
from bscnet.errors import InputError
from bscnet.settings.groups import Configuration
from bscnet.settings.rules import as_typed
from bscnet.training.averaging import Ema
from bscnet.training.hints import fits, in_words
from bscnet.training.segmentation import CLASS_IOU, MONITORED


def named_callbacks(settings: Configuration, class_names: Sequence[str] | None = None) -> list[Callback]:
    """Those of `callbacks`, then those of `trainer.callbacks`.

    Args:
        settings: of the chain.
        class_names: of the data, for those that watch the IoU of a class; None: not known yet.

    Raises:
        InputError: no such class, one that does not take its options or is no callback, or one that watches a value
            that is not logged or would spoil whole numbers.
    """
    return [_callback(key, options, class_names) for key, options in named_classes(settings)]


def _callback(key: str, options: Mapping[str, Any], class_names: Sequence[str] | None) -> Callback:
    found = made(key, dict(options))
    _require_types(key, options, type(found))
    if not isinstance(found, Callback):
        raise InputError(f"{key} is a {type(found).__name__}, no callback of pytorch_lightning")
    monitor = getattr(found, "monitor", None)
    if monitor is not None and not _is_logged(monitor, class_names):
        raise InputError(
            f"{key}.monitor={monitor} is logged by no stage: allowed are {', '.join(MONITORED)}, {CLASS_IOU}CLASS"
        )
    if isinstance(found, WeightAveraging) and not isinstance(found, Ema) and getattr(found, "_use_buffers", False):
        raise InputError(
            f"{key} would average the shifts of a network as well, which are whole numbers: take callbacks=ema, or "
            f"give {key}.use_buffers=false"
        )
    return found


def _require_types(key: str, options: Mapping[str, Any], kind: type) -> None:
    """See that options are what the class says it takes: Lightning's look at few of theirs before they use them."""
    try:
        hints = get_type_hints(kind.__init__)  # type: ignore[misc]
    except (NameError, TypeError):  # of names that are there for a type checker alone
        return
    for name, value in options.items():
        if name in hints and not isinstance(value, Mapping) and not fits(value, hints[name]):
            raise InputError(f"{key}.{name}={as_typed(value)} is not usable: it must be {in_words(hints[name])}")


def _is_logged(monitor: str, class_names: Sequence[str] | None) -> bool:
    if class_names is None:
        return monitor in MONITORED or monitor.startswith(CLASS_IOU)
    return monitor in (*MONITORED, *(f"{CLASS_IOU}{name}" for name in class_names))
