"""What is searched: settings with their ranges, from overrides in Hydra's sweep syntax."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep

from bscnet.chain.overrides import quoted, refuse_path, without_keys
from bscnet.errors import InputError
from bscnet.runs.directory import is_decisive

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


def _is_part(override: str) -> bool:
    """Whether a fixed override decides what a search finds."""
    key = override.lstrip("+~").partition("=")[0]
    return key == "stage" or (is_decisive(key) and key.partition(".")[0] != "launcher")


@dataclass(frozen=True)
class Space:
    """What a search is about.

    Attributes:
        fixed: overrides of every trial.
        ranges: by setting, in which range its values are searched; choices are kept as they are typed.
    """

    fixed: list[str]
    ranges: dict[str, BaseDistribution]

    def overrides(self, params: Mapping[str, Any]) -> list[str]:
        """The overrides of a trial with these values."""
        return [*self.fixed, *(f"{key}={value}" for key, value in params.items())]

    @property
    def identity(self) -> str:
        """A text that is the same for two searches alone that try the same things."""
        from optuna.distributions import distribution_to_json

        fixed = sorted(filter(_is_part, self.fixed))
        ranges = {key: json.loads(distribution_to_json(found)) for key, found in sorted(self.ranges.items())}
        return json.dumps({"fixed": fixed, "ranges": ranges}, sort_keys=True)

    @property
    def digest(self) -> str:
        """Eight hex digits that stand for the identity."""
        return hashlib.sha256(self.identity.encode()).hexdigest()[:8]


def read_space(arguments: Sequence[str], parser: OverridesParser | None = None) -> Space:
    """Tell what is searched from what is fixed.

    `a=x,y`, `a=choice(x,y)` and `a=glob(*)` are choices without an order, `a=interval(0.1,1)` is a float,
    `a=int(interval(1,9))` and `a=range(1,10,2)` are whole numbers, `a=range(0.1,0.5,0.1)` is a float in steps (a
    range's end is not part of it). `tag(log, …)` searches by order of magnitude. A key that is given twice keeps the
    last value.

    Args:
        arguments: of the command line.
        parser: with the configuration that `glob` looks into.

    Raises:
        InputError: nothing is searched, or a range is none.
    """
    found: dict[str, Override] = {}
    for override in (parser or OverridesParser.create()).parse_overrides(list(arguments)):
        found.pop(override.get_key_element(), None)
        found[override.get_key_element()] = override
    ranges = {key: _range(override) for key, override in found.items() if override.is_sweep_override()}
    if not ranges:
        raise InputError(
            "hydra/sweeper=optuna has nothing to search: give a setting as choice(a,b), interval(0.1,1) or range(1,5)"
        )
    fixed = [str(override.input_line) for override in found.values() if not override.is_sweep_override()]
    return Space(without_keys(fixed, ("resume",)), ranges)


def at_home(words: Sequence[str], output_dir: str) -> list[str]:
    """The overrides with another output directory, and with `resume=true`."""
    return [*without_keys(words, ("output_dir", "resume")), f"output_dir={quoted(output_dir)}", "resume=true"]


def _range(override: Override) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    refuse_path(override)
    sweep: Any = override.value()
    log = "log" in sweep.tags
    try:
        if isinstance(sweep, IntervalSweep):
            kind = IntDistribution if isinstance(sweep.start, int) else FloatDistribution
            low: Any = sweep.start
            high: Any = sweep.end
            return kind(low, high, log=log)
        if isinstance(sweep, RangeSweep):
            values = list(sweep.range())
            if not values:
                raise ValueError("it holds no value")
            low, high, step = min(values), max(values), abs(sweep.step)
            if isinstance(low, int):
                return IntDistribution(low, high, log=log, step=int(step))
            return FloatDistribution(float(low), float(high), log=log, step=float(step))
        return CategoricalDistribution(list(override.sweep_string_iterator()))
    except ValueError as error:
        raise InputError(f"{override.input_line} is no range to search: {error}") from error
