"""What one value of a configuration may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from bscnet.errors import InputError


class Rule(Protocol):
    """What a value may be."""

    def accepts(self, value: Any) -> bool: ...

    @property
    def allowed(self) -> str: ...


@dataclass(frozen=True)
class OneOf:
    """One of a few words or numbers."""

    options: tuple[Any, ...]

    def accepts(self, value: Any) -> bool:
        return any(type(value) is type(option) and value == option for option in self.options)

    @property
    def allowed(self) -> str:
        return ", ".join(as_typed(option) for option in self.options)


@dataclass(frozen=True)
class Flag:
    """True or false."""

    allowed: str = "true, false"

    def accepts(self, value: Any) -> bool:
        return isinstance(value, bool)


@dataclass(frozen=True)
class Number:
    """A number not below `low` (not equal to it either, where `above`) and not above `high`.

    Whole where `whole`; null where `optional`.
    """

    low: float
    above: bool = False
    whole: bool = False
    optional: bool = False
    high: float = float("inf")

    def accepts(self, value: Any) -> bool:
        if value is None:
            return self.optional
        if isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float)):
            return False
        return (value > self.low if self.above else value >= self.low) and value <= self.high and value < float("inf")

    @property
    def allowed(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        bound = f"{kind} {'above' if self.above else 'from'} {self.low:g}{'' if self.above else ' up'}"
        if self.high < float("inf"):
            bound = bound.removesuffix(" up") + f" to {self.high:.12g}"
        return bound + (", null" if self.optional else "")


@dataclass(frozen=True)
class Text:
    """A non-empty text; null where `optional`."""

    optional: bool = False

    def accepts(self, value: Any) -> bool:
        return self.optional if value is None else isinstance(value, str) and value != ""

    @property
    def allowed(self) -> str:
        return "a text, null" if self.optional else "a text"


@dataclass(frozen=True)
class Names:
    """A list of different non-empty texts; null where `optional`."""

    optional: bool = False

    def accepts(self, value: Any) -> bool:
        if value is None:
            return self.optional
        words = isinstance(value, list) and all(isinstance(name, str) and name for name in value)
        return words and 0 < len(set(value)) == len(value)

    @property
    def allowed(self) -> str:
        return "a list of different names" + (", null" if self.optional else "")


@dataclass(frozen=True)
class Entries:
    """A list of names and of mappings with a name; null where `optional`."""

    optional: bool = False

    def accepts(self, value: Any) -> bool:
        if value is None:
            return self.optional
        return isinstance(value, list) and all(isinstance(entry, str | dict) for entry in value)

    @property
    def allowed(self) -> str:
        return "a list of names, or of {name: …} with options" + (", null" if self.optional else "")


@dataclass(frozen=True)
class Wholes:
    """A list of whole numbers from `low` up; of `different` ones, then of one or more; null where `optional`."""

    low: int = 0
    different: bool = True
    optional: bool = False

    def accepts(self, value: Any) -> bool:
        if value is None:
            return self.optional
        number = Number(self.low, whole=True)
        if not isinstance(value, list) or not all(map(number.accepts, value)):
            return False
        return not self.different or 0 < len(set(value)) == len(value)

    @property
    def allowed(self) -> str:
        kind = "different whole numbers" if self.different else "whole numbers"
        return f"a list of {kind} from {self.low} up" + (", null" if self.optional else "")


def as_typed(value: Any) -> str:
    """A value as one types it on the command line."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def refusal(key: str, value: Any, rule: Rule) -> InputError:
    """The sentence about a value that breaks a rule."""
    if isinstance(rule, OneOf | Flag):
        return InputError(f"{key}={as_typed(value)} is not known: allowed are {rule.allowed}")
    return InputError(f"{key}={as_typed(value)} is not usable: it must be {rule.allowed}")
