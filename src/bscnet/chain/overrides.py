"""Hydra override strings: splitting sweeps into points, dropping keys, quoting values."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override

from bscnet.errors import InputError


def sweep_points(arguments: Sequence[str], parser: OverridesParser | None = None) -> list[list[str]]:
    """The Cartesian product of all sweeps in the arguments: `a=1,2 b=x,y` gives four lists of overrides.

    Hydra's own sweep syntax counts: `1,2`, `choice(1,2)`, `range(1,4)`, `glob(*)` and their `sort` and `shuffle`. A key
    that is given twice keeps the last value, and equal points are kept once.

    Raises:
        InputError: a sweep over an interval, which has no list of values.
    """
    parsed = (parser or OverridesParser.create()).parse_overrides(list(arguments))
    values: dict[str, list[str]] = {}
    for override in parsed:
        values.pop(override.get_key_element(), None)
        values[override.get_key_element()] = _values(override)
    return [list(point) for point in dict.fromkeys(itertools.product(*values.values()))]


def _values(override: Override) -> list[str]:
    if not override.is_sweep_override():
        return [str(override.input_line)]
    if not override.is_discrete_sweep():
        raise InputError(f"{override.input_line}: a chain needs a list of values here, such as a,b or range(1,4)")
    key = override.get_key_element()
    return [f"{key}={value}" for value in override.sweep_string_iterator()]


def without_keys(overrides: Sequence[str], keys: Collection[str]) -> list[str]:
    """The overrides that do not set one of these top-level keys."""
    return [override for override in overrides if override.split("=", 1)[0].lstrip("+~") not in keys]


def quoted(value: str | None) -> str:
    """A text as Hydra's override grammar reads it back unchanged."""
    if value is None:
        return "null"
    return "'" + value.replace("'", "\\'") + "'"
