"""Hydra override strings: splitting sweeps into points, dropping keys, quoting values."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path

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
    refuse_path(override)
    if not override.is_discrete_sweep():
        raise InputError(f"{override.input_line}: a chain needs a list of values here, such as a,b or range(1,4)")
    key = override.get_key_element()
    return [f"{key}={value}" for value in override.sweep_string_iterator()]


def refuse_path(override: Override) -> None:
    """Raise an InputError where a sweep's text is a path that is there: one file is meant, not several values."""
    line = str(override.input_line)
    if Path(line.partition("=")[2]).exists():
        raise InputError(f"{line} stands for several values, but is a path that is there too: type {in_quotes(line)}")


def without_keys(overrides: Sequence[str], keys: Collection[str]) -> list[str]:
    """The overrides that do not set one of these top-level keys."""
    return [override for override in overrides if override.split("=", 1)[0].lstrip("+~") not in keys]


def in_quotes(override: str) -> str:
    """An override KEY=VALUE as a shell takes it so that Hydra reads its value as it is."""
    key, _, value = override.partition("=")
    inner = re.sub(r'(\\*)("|$)', lambda found: 2 * found[1] + found[2].replace('"', '\\"'), value)
    return shlex.quote(f'{key}="{inner}"')


def quoted(value: str | None) -> str:
    """A text as Hydra's override grammar reads it back unchanged."""
    if value is None:
        return "null"
    return "'" + value.replace("'", "\\'") + "'"
