"""Settings that must fit each other, looked at before any work starts."""

from __future__ import annotations

from typing import Any

from bscnet.chain.device import refuse_precision
from bscnet.chain.validate_recipe import validate_recipe
from bscnet.chain.validate_search import validate_search
from bscnet.errors import InputError
from bscnet.settings.groups import Configuration
from bscnet.settings.rules import as_typed


def validate(settings: Configuration) -> None:
    """See that values fit each other, each of which is allowed by itself.

    Raises:
        InputError: names those that do not, and what is allowed.
    """
    validate_search(settings.method, settings.model.network.depth)
    precision, backend = settings.trainer.precision, settings.backend.name
    refuse_precision(precision, backend, backend)
    if settings.method.w_form == "recurrent" and precision == "16-mixed":
        raise InputError(
            "trainer.precision=16-mixed scales gradients, which method.w_form=recurrent adds to the weights: "
            "take bf16-mixed or 32-true"
        )
    validate_recipe(settings)


def wanted_stages(stage: Any, num_stages: int, method: str) -> list[int]:
    """The stages that `stage=…` asks for: all of them, or one.

    Raises:
        InputError: neither "all" nor a stage of this method.
    """
    if stage == "all":
        return list(range(1, num_stages + 1))
    if isinstance(stage, int) and not isinstance(stage, bool) and 1 <= stage <= num_stages:
        return [stage]
    numbers = ", ".join(str(index) for index in range(1, num_stages + 1))
    raise InputError(f"stage={as_typed(stage)} is not a stage of method {method}: allowed are all, {numbers}")
