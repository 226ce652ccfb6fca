"""Kinds of numbers that settings have in common."""

from __future__ import annotations

from typing import Annotated

from bscnet.settings.rules import Number

Count = Annotated[int, Number(1, whole=True)]
Natural = Annotated[int, Number(0, whole=True)]
Seed = Annotated[int, Number(0, whole=True, high=2**32 - 1)]
"""Lightning and numpy take no larger one."""
Threads = Annotated[int, Number(1, whole=True, high=1024)]
"""OpenMP ends the process where the system starts no more of them."""
Positive = Annotated[float, Number(0, above=True)]
NonNegative = Annotated[float, Number(0)]
Share = Annotated[float, Number(0, above=True, high=1)]
