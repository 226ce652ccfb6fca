"""What the parts of a recipe have to have beyond single values: a loss, augmentations, and classes of callbacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bscnet.errors import InputError
from bscnet.settings.groups import Configuration
from bscnet.settings.recipe import SHARED_STAGES
from bscnet.settings.rules import as_typed


def validate_recipe(settings: Configuration) -> None:
    """See that the parts of a recipe can be of use.

    Raises:
        InputError: no loss at all, a share of no stage, no augmentation of such a name, or a callback without a class.
    """
    if settings.loss.cross_entropy == 0 and settings.loss.lovasz == 0:
        raise InputError("loss.cross_entropy=0 and loss.lovasz=0 leave nothing to train by: one must be above 0")
    stages = dict.fromkeys([*SHARED_STAGES, *(row.name for row in settings.method.stages)])
    for name in settings.recipe.shares:
        if name not in stages:
            raise InputError(f"recipe.shares.{name} is of no stage: stages are {', '.join(stages)}")
    if settings.augmentation.transforms is not None:
        from bscnet.data.transforms import read_transforms

        read_transforms(settings.augmentation.transforms)
    for key, options in named_classes(settings):
        if not (isinstance(options, Mapping) and isinstance(options.get("_target_"), str)):
            raise InputError(f"{key}={as_typed(options)} names no class: a callback is {{_target_: its class, …}}")


def named_classes(settings: Configuration) -> Iterator[tuple[str, Any]]:
    """The callbacks that a configuration names, each with its key: those of `callbacks` and of `trainer.callbacks`.

    Raises:
        InputError: the latter is no list.
    """
    listed = settings.trainer.further.get("callbacks") or []
    if not isinstance(listed, list):
        raise InputError(f"trainer.callbacks={as_typed(listed)} is not usable: it must be a list of {{_target_: …}}")
    for name, options in settings.callbacks.items():
        yield f"callbacks.{name}", options
    for place, options in enumerate(listed):
        yield f"trainer.callbacks[{place}]", options
