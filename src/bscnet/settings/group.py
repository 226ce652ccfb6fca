"""What the fields of a config group say: the rule of each value, its default, and what it means.

A group is a frozen dataclass. The type of a field is what its value may be: a `Literal` of words, a number with bounds
(`bscnet.settings.numbers`), a text, a nested group, rows of one, a mapping. `Annotated` adds what it means, as a text,
and `OWN` to what only some choices of the group have. A field called `further` takes the keys that the group does not
name; a group without one has no others.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from bscnet.settings.rules import Flag, OneOf, Rule, Text

OWN, OWN_OR_NULL = object(), object()
"""Mark a setting that only some choices of its group have: it is no key of the others, and None in the dataclass. The
choices that have it may set it to null in the second case alone.
"""

LATER = object()
"""Marks a setting that a later version brought, whose default is what there was before: a chain that leaves it at that
has the hash that it had.
"""

FURTHER = "further"


@dataclass(frozen=True)
class Setting:
    """One field of a group.

    Attributes:
        name: its key.
        about: what it means, with unit and source.
        default: as the dataclass has it; MISSING: each choice of the group gives it.
        own: only some choices have it.
        later: a later version brought it.
        rule: of its value, or of each value of a mapping; None: not checked by itself.
        nested: the group that its value, or each of its rows, is.
        rows: its value is a list of `nested`.
        mapping: its value maps names to what `rule` says.
        optional: null is a value, of nested groups, rows and mappings; `rule` says it of others.
    """

    name: str
    about: str
    default: Any
    own: bool
    later: bool
    rule: Rule | None
    nested: type | None
    rows: bool
    mapping: bool
    optional: bool


@cache
def settings_of(group: type) -> dict[str, Setting]:
    """The fields of a group by name, in order; without `further`."""
    hints = get_type_hints(group, include_extras=True)
    return {
        field.name: _setting(field.name, hints[field.name], _default(field))
        for field in fields(group)
        if field.name != FURTHER
    }


def is_open(group: type) -> bool:
    """Whether a group takes keys that it does not name."""
    return any(field.name == FURTHER for field in fields(group))


def defaults(group: type) -> dict[str, Any]:
    """The group as plain values, without what only some of its choices have; "???" for what each choice gives."""
    found = {}
    for setting in settings_of(group).values():
        if setting.own:
            continue
        if setting.default is not MISSING:
            found[setting.name] = as_plain(setting.default)
        elif setting.nested is not None and not setting.rows:
            found[setting.name] = defaults(setting.nested)
        else:
            found[setting.name] = "???"
    return found


def without_later(group: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Plain values of a group but for the settings of later versions that have their defaults."""
    settings = settings_of(group)

    def is_new(key: str, value: Any) -> bool:
        return key in settings and settings[key].later and bool(value == as_plain(settings[key].default))

    return {key: value for key, value in values.items() if not is_new(key, value)}


def as_plain(value: Any) -> Any:
    """A value as dicts and lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: as_plain(one) for key, one in value.items()}
    return [as_plain(one) for one in value] if isinstance(value, list | tuple) else value


def fields_of(group: type, value: Any) -> dict[str, Any]:
    """The fields of a group that a value has, being of a subclass: what the constructor of another subclass takes."""
    return {field.name: getattr(value, field.name) for field in fields(group)}


def _default(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _setting(name: str, hint: Any, default: Any) -> Setting:
    marks = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    about = next((mark for mark in marks if isinstance(mark, str)), "")
    core = _without_null(_bare(hint))
    rows = get_origin(core) is tuple and is_dataclass(get_args(core)[0])
    mapping = get_origin(core) is Mapping
    if rows or mapping:
        inner = get_args(core)[0 if rows else 1]
    else:
        inner = core if is_dataclass(core) or OWN in marks else hint
    nested = _bare(inner) if is_dataclass(_bare(inner)) else None
    return Setting(
        name=name,
        about=about,
        default=default,
        own=OWN in marks or OWN_OR_NULL in marks,
        later=LATER in marks,
        rule=None if nested is not None else rule_of(inner),
        nested=nested,
        rows=rows,
        mapping=mapping,
        optional=core is not _bare(hint) and OWN not in marks,
    )


def rule_of(hint: Any) -> Rule | None:
    """The rule of a type; None where it says nothing that can be checked."""
    if get_origin(hint) is Annotated:
        kind, *marks = get_args(hint)
        own = next((mark for mark in marks if hasattr(mark, "accepts")), None)
        return own if own is not None else rule_of(kind)
    if get_origin(hint) is Literal:
        return OneOf(get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        return _rule_of_union(get_args(hint))
    plain: dict[Any, Rule] = {bool: Flag(), str: Text()}
    return plain.get(hint)


def _rule_of_union(kinds: tuple[Any, ...]) -> Rule | None:
    optional = type(None) in kinds
    rules = [rule_of(kind) for kind in kinds if kind is not type(None)]
    if all(isinstance(rule, OneOf | Flag) for rule in rules):
        options = [rule.options if isinstance(rule, OneOf) else (True, False) for rule in rules]
        return OneOf((*((None,) if optional else ()), *(one for some in options for one in some)))
    rule: Any = rules[0]
    return replace(rule, optional=True) if optional and len(rules) == 1 and rule is not None else None


def _bare(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _without_null(hint: Any) -> Any:
    """The type that may be null here, without that; other types as they are."""
    if get_origin(hint) not in (Union, types.UnionType):
        return hint
    kinds = [kind for kind in get_args(hint) if kind is not type(None)]
    return kinds[0] if len(kinds) == 1 else hint
