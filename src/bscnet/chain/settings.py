"""From a composed Hydra configuration to checked, typed settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bscnet.chain.overrides import in_quotes
from bscnet.chain.validate import validate
from bscnet.errors import InputError
from bscnet.settings.check import check, foreign_key, not_a_setting, require_known
from bscnet.settings.composed import Settings
from bscnet.settings.data import DataSettings
from bscnet.settings.group import settings_of
from bscnet.settings.groups import GROUPS, Configuration

_FURTHER_GROUPS = ("callbacks", "launcher", "experiment")
"""Config groups beside those that are dataclasses."""


def composed_settings(overrides: Sequence[str]) -> Settings:
    """The configuration of bscnet.run with these overrides, checked.

    Raises:
        InputError: an unknown key, choice or value.
    """
    from hydra import compose, initialize_config_dir

    from bscnet.paths import config_dir

    with composing(overrides), initialize_config_dir(config_dir(), version_base="1.3"):
        config = compose("config", overrides=list(overrides), return_hydra_config=True)
    return typed_settings(config)


@contextmanager
def composing(overrides: Sequence[str]) -> Iterator[None]:
    """Has what Hydra says of overrides come out as a sentence.

    Raises:
        InputError: in place of an error of Hydra's.
    """
    from hydra.errors import HydraException

    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise _composition_error(error) from error
    except ValueError as error:
        if not str(error).startswith("Config group override must be"):
            raise
        chosen = next(filter(_chooses_nothing, overrides), "a config group=null")
        group = chosen.partition("=")[0]
        raise InputError(f"{chosen} is not usable: {group} takes the name of one of its files") from error


def _composition_error(error: Exception) -> InputError:
    """What Hydra says of an override in one line, without its search path and its manual.

    One that its grammar does not take as it stands, such as a path with =, is given as it has to be typed.
    """
    given = getattr(error, "override", None)
    if given is not None and "=" in given:
        return InputError(
            f"{given} cannot be read: a value with signs such as = ( [ {{ ' # or letters beyond ASCII needs quotes of "
            f"its own, type {in_quotes(given)}"
        )
    text = " ".join(str(error).split())
    unknown = re.match(r"Could not override '([^']+)'", text)
    if unknown is not None:
        if unknown[1].startswith("hydra."):
            return InputError(f"{unknown[1]} is no option there: --cfg hydra shows what there is")
        group, _, key = unknown[1].partition(".")
        if group == "data" and "." not in key:
            return not_a_setting(DataSettings, group, key)
        if (refused := foreign_key(Configuration, unknown[1])) is not None:
            return refused  # Hydra would advise to add the key
    said, listed, choices = text.split(" Config search path")[0].split(" See https")[0].partition(" Available options ")
    # files that others are made of are no choices
    return InputError(said + listed + " ".join(word for word in choices.split(" ") if not word.startswith("_")))


def typed_settings(cfg: DictConfig, recorded: bool = False) -> Settings:
    """The task's configuration (without Hydra's own node), checked and resolved: the one place where it becomes typed.

    Words are checked before interpolations are resolved: a wrong `method.order`, say, is then named as such, and not
    as an interpolation that leads nowhere.

    Args:
        cfg: composed.
        recorded: it is of a run, perhaps of another version: keys that are no settings here are passed over.

    Raises:
        InputError: a key is no setting, or a value is not allowed, missing, or refers to something that is not there.
    """
    if "hydra" in cfg:
        _require_single(cfg)
    bare = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"])
    words = _as_dict(bare, resolve=False)
    missing = list(_missing(words))
    if missing:
        raise InputError(f"{', '.join(missing)}: no value is given, and there is no default")
    if not recorded:
        require_known(Configuration, words)
        _require_used(words["data"])
    check(Configuration, words)
    try:
        plain = _as_dict(bare, resolve=True)
    except OmegaConfBaseException as error:
        raise InputError(f"the configuration cannot be resolved: {str(error).splitlines()[0]}") from error
    check(Configuration, plain)
    plain["data"] = _completed(plain["data"])
    settings = Settings.of(plain)
    validate(settings)
    return settings


def _completed(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data's settings with what only the data set can say: features and classes of a described folder."""
    from bscnet.data.features import num_channels

    known = dict(data)
    if ("features" in known and known["features"] is None) or known["num_classes"] is None:
        from bscnet.datasets.folder.described import read_description

        description = read_description(known["root"])
        known["num_classes"] = known["num_classes"] or len(description.class_names)
        known["features"] = known["features"] or list(description.features)
    if "features" in known:
        channels = num_channels(known["features"])
        if known["in_channels"] not in (None, channels):
            raise InputError(
                f"data.in_channels={known['in_channels']} is not usable: data.features={known['features']} "
                f"make {channels}"
            )
        known["in_channels"] = channels
    return known


def require_classes(data: DataSettings) -> None:
    """See that there are classes to learn: a folder can be looked at without any; InputError: there are not two."""
    from bscnet.datasets.folder.source import without_classes

    if not data.num_classes:
        raise InputError(without_classes(Path(data.root)))
    if data.num_classes < 2:
        raise InputError(f"data={data.name} has one class only, {data.root} must describe two or more to learn")


def _chooses_nothing(override: str) -> bool:
    """Whether an override gives a config group null or a number."""
    key, _, value = override.partition("=")
    return key in (*GROUPS, *_FURTHER_GROUPS) and re.fullmatch(r"null|true|false|[-+.\de]+", value, re.I) is not None


def _require_single(cfg: DictConfig) -> None:
    """See that one file of each config group was chosen: Hydra merges those of a list, and has no choice then."""
    for group in (*GROUPS, "launcher"):
        if (group in cfg or group == "launcher") and group not in cfg.hydra.runtime.choices:
            raise InputError(f"{group} takes one choice, not a list of them: callbacks alone takes several")


def _require_used(data: Mapping[str, Any]) -> None:
    """See that a key that a data set has for itself is read by something: others are mistyped."""
    known, text = settings_of(DataSettings), str(data)
    for key in data:
        if key not in known and f"${{data.{key}}}" not in text:
            raise not_a_setting(DataSettings, "data", key)


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
