"""Values of a configuration against the type hints of what takes them."""

from __future__ import annotations

import types
from typing import Any, Literal, Union, get_args, get_origin

_KINDS = {
    int: "a whole number",
    float: "a number",
    bool: "true, false",
    str: "a text",
    list: "a list",
    dict: "a mapping",
    type(None): "null",
}


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type hint; whether the entries of a list or a mapping are, is not looked at.

    Kinds that no configuration can write, such as a path, a set or a class of Lightning's, take anything: who asks for
    them makes them of what is given.
    """
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in get_args(hint))
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in get_args(hint))
    kind = origin or hint
    if kind not in _KINDS:
        return True
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if kind is float:
        return isinstance(value, int | float)
    return isinstance(value, kind)


def in_words(hint: Any) -> str:
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
