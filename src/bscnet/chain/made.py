"""Objects of classes that a configuration names by `_target_`, with refusals in one sentence."""

from __future__ import annotations

from typing import Any

from hydra.errors import InstantiationException
from hydra.utils import instantiate

from bscnet.errors import InputError


def made(key: str, options: Any) -> Any:
    """What Hydra makes of options, whose `_target_`s may be nested; anything else is given back as it is.

    Args:
        key: where they stand, for the message.
        options: plain values.

    Raises:
        InputError: there is no such class, or it does not take the options.
    """
    if not isinstance(options, dict | list):
        return options
    try:
        return instantiate(options, _convert_="all")
    except InstantiationException as error:
        cause = error.__cause__
        if cause is None or str(error).startswith("Error locating target"):
            target = options.get("_target_") if isinstance(options, dict) else None
            named = f"._target_={target}" if target else ""
            raise InputError(f"{key}{named} is nothing that can be found") from error
        raise InputError(f"{key} cannot be made: {one_line(cause)}") from error


def one_line(error: BaseException) -> str:
    """An error's own words, without line breaks."""
    return " ".join(str(error).split()) or type(error).__name__
