"""How a prediction tells how far it is, and how long each part of it took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Progress(Protocol):
    """Something that shows progress, or nothing at all."""

    def begin(self, what: str, total: int) -> None:
        """A part of the work starts: `total` steps of it."""

    def advance(self, count: int) -> None:
        """So many steps more are done."""


class Silence:
    """Shows nothing."""

    def begin(self, what: str, total: int) -> None:
        """Nothing is shown."""

    def advance(self, count: int) -> None:
        """Nothing is shown."""


class Clock:
    """Seconds spent in named parts, which may come again and again but not one within another."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count the time of the block to the part."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun
