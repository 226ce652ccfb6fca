"""One look at a whole composed configuration before any work starts: every value is known, or one sentence says why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bscnet.chain.device import refuse_precision
from bscnet.chain.validate_search import validate_search
from bscnet.errors import InputError
from bscnet.settings.check import check, pending
from bscnet.settings.groups import Configuration
from bscnet.settings.rules import as_typed


def validate(config: Mapping[str, Any]) -> None:
    """Check every value of a composed configuration; interpolations not resolved yet ("${…}") are passed over.

    Raises:
        InputError: names the first key whose value is not allowed, the value, and what is allowed.
    """
    check(Configuration, config)
    if not pending(config["method"]["stages"]):
        validate_search(config["method"], config["model"]["network"]["depth"])
    backend = config["backend"]["name"]
    refuse_precision(config["trainer"]["precision"], backend, backend)
    if config["method"]["w_form"] == "recurrent" and config["trainer"]["precision"] == "16-mixed":
        raise InputError(
            "trainer.precision=16-mixed scales gradients, which method.w_form=recurrent adds to the weights: "
            "take bf16-mixed or 32-true"
        )


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
