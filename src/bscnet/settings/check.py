"""Plain values against the group that they are of: refused in a sentence, or read into it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING
from typing import Any, TypeVar, cast

from bscnet.errors import InputError
from bscnet.settings.group import FURTHER, Setting, is_open, settings_of
from bscnet.settings.rules import Flag, OneOf, as_typed, refusal

T = TypeVar("T")


def check(group: type, values: Mapping[str, Any], place: str = "") -> None:
    """See that every value is one of those that its field allows; absent ones, and "${…}" not resolved yet, pass.

    Args:
        group: the dataclass.
        values: plain, as composed.
        place: key of the group, "" for the whole configuration.

    Raises:
        InputError: names the first key whose value is not allowed, the value, and what is allowed.
    """
    known = settings_of(group)
    if not place:
        _require_numbers(values, "")
    for name, setting in known.items():
        if name in values and not pending(values[name]):
            _check_one(setting, values[name], _key(place, name))


def _require_numbers(value: Any, key: str) -> None:
    """See that no value is NaN, of open groups too; nothing that compares with it would find out."""
    if isinstance(value, float) and math.isnan(value):
        raise InputError(f"{key}=nan is not usable: it is no number")
    if isinstance(value, Mapping):
        for name, one in value.items():
            _require_numbers(one, _key(key, str(name)))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            _require_numbers(one, f"{key}[{place}]")


def require_known(group: type, values: Mapping[str, Any], place: str = "") -> None:
    """See that every key is a setting, also in nested groups; InputError: one is not, and these are.

    Args:
        group, values, place: see `check`.
    """
    known = settings_of(group)
    foreign = [str(name) for name in values if name not in known]
    if foreign and not is_open(group):
        raise not_a_setting(group, place, foreign[0])
    for name, setting in known.items():
        value = values.get(name)
        if setting.nested is not None:
            for key, row in _nested(setting, value, _key(place, name)):
                if isinstance(row, Mapping):
                    require_known(setting.nested, row, key)


def foreign_key(group: type, key: str) -> InputError | None:
    """The sentence about a dotted key that is no setting; None where it is one, or may be one of an open group."""
    place = ""
    for name in key.split("."):
        setting = settings_of(group).get(name)
        if setting is None:
            return None if is_open(group) else not_a_setting(group, place, name)
        if setting.nested is None or setting.rows:
            return None
        group, place = setting.nested, _key(place, name)
    return None


def words_of(group: type, key: str) -> list[str]:
    """What the setting of a dotted key may be, as typed, where that is one of a few words; else nothing."""
    *path, last = key.split(".")
    for name in path:
        nested = settings_of(group)[name].nested if name in settings_of(group) else None
        if nested is None:
            return []
        group = nested
    setting = settings_of(group).get(last)
    return setting.rule.allowed.split(", ") if setting is not None and isinstance(setting.rule, OneOf | Flag) else []


def not_a_setting(group: type, place: str, name: str) -> InputError:
    """The sentence about a key `name` that a group has not, with those that it has; place: key of the group."""
    whole = place or "the configuration"
    return InputError(f"{_key(place, name)} is not a setting: {whole} has {', '.join(settings_of(group))}")


def read(group: type[T], values: Mapping[str, Any], place: str = "") -> T:
    """The group with these values, which have passed `check`; absent ones have their defaults, lists become tuples.

    Raises:
        InputError: a value without a default is absent.
    """
    known = settings_of(cast(type, group))
    given: dict[str, Any] = {}
    for name, setting in known.items():
        if name in values:
            given[name] = _read_one(setting, values[name], _key(place, name))
        elif setting.default is MISSING:
            raise InputError(f"{_key(place, name)}: no value is given, and there is no default")
    if is_open(group):
        given[FURTHER] = {key: value for key, value in values.items() if key not in known}
    return group(**given)


def pending(value: Any) -> bool:
    """Whether a value is an interpolation that is not resolved yet."""
    return isinstance(value, str) and "${" in value


def _check_one(setting: Setting, value: Any, key: str) -> None:
    if value is None and setting.optional and (setting.mapping or setting.nested is not None):
        return
    if setting.nested is not None:
        wanted, kind = (list, "a list with at least one row") if setting.rows else (Mapping, "keys and values")
        if not isinstance(value, wanted) or (setting.rows and not value):
            raise InputError(f"{key}={as_typed(value)} is not usable: it must be {kind}")
        for place, row in _nested(setting, value, key):
            if not isinstance(row, Mapping):
                raise InputError(f"{place}={as_typed(row)} is not usable: it must be keys and values")
            check(setting.nested, row, place)
    elif setting.mapping:
        if not isinstance(value, Mapping):
            raise InputError(f"{key}={as_typed(value)} is not usable: it must be keys and values")
        for name, one in value.items():
            if setting.rule is not None and not pending(one) and not setting.rule.accepts(one):
                raise refusal(f"{key}.{name}", one, setting.rule)
    elif setting.rule is not None and not setting.rule.accepts(value):
        raise refusal(key, value, setting.rule)


def _nested(setting: Setting, value: Any, key: str) -> list[tuple[str, Any]]:
    """The groups in the value of a field, with their keys."""
    if setting.rows:
        return [(f"{key}[{place}]", row) for place, row in enumerate(value)] if isinstance(value, list) else []
    return [(key, value)]


def _read_one(setting: Setting, value: Any, key: str) -> Any:
    if setting.nested is None:
        return tuple(value) if isinstance(value, list) else value
    if value is None:
        return None
    found: tuple[Any, ...] = tuple(read(setting.nested, row, place) for place, row in _nested(setting, value, key))
    return found if setting.rows else found[0]


def _key(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
