"""A configuration that is composed and checked: typed, and as the plain values it is recorded by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from bscnet.settings.check import read
from bscnet.settings.groups import Configuration


@dataclass(frozen=True, kw_only=True)
class Settings(Configuration):
    """What a chain is asked for.

    Attributes:
        plain: the same as dicts and lists, exactly as composed: for records, loggers, and the hash that a chain's
            folder is named by. Constructor calls of the configuration (`_target_`) are made from it.
    """

    plain: Mapping[str, Any]

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Settings:
        """The settings that plain values are, which have passed the check; what is absent has its default.

        Raises:
            InputError: a value without a default is absent.
        """
        known = read(Configuration, plain)
        return cls(**{field.name: getattr(known, field.name) for field in fields(known)}, plain=plain)

    def changed(self, group: str, **values: Any) -> Settings:
        """The settings with other values in a group, given as plain ones."""
        return Settings.of({**self.plain, group: {**self.plain[group], **values}})
