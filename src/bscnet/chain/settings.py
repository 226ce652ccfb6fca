"""From a composed Hydra configuration to checked plain values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bscnet.chain.validate import validate
from bscnet.errors import InputError


def plain_settings(cfg: DictConfig) -> dict[str, Any]:
    """The task's configuration (without Hydra's own node), resolved and validated, as plain dicts and lists.

    Words are checked before interpolations are resolved: a wrong `method.order`, say, is then named as such, and not
    as an interpolation that leads nowhere.

    Raises:
        InputError: a value is not allowed, missing, or refers to something that is not there.
    """
    bare = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"])
    words = _as_dict(bare, resolve=False)
    missing = list(_missing(words))
    if missing:
        raise InputError(f"{', '.join(missing)}: no value is given, and there is no default")
    validate(words)
    try:
        settings = _as_dict(bare, resolve=True)
    except OmegaConfBaseException as error:
        raise InputError(f"the configuration cannot be resolved: {str(error).splitlines()[0]}") from error
    validate(settings)
    return settings


def _missing(node: Any, path: str = "") -> Iterator[str]:
    """The keys whose value is still to be given (`???`)."""
    if node == "???":
        yield path
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _missing(value, f"{path}.{key}" if path else str(key))


def _as_dict(cfg: DictConfig, resolve: bool) -> dict[str, Any]:
    container: Any = OmegaConf.to_container(cfg, resolve=resolve)
    return {str(key): value for key, value in container.items()}
