"""What a part is given, and the two kinds of rows that it leaves."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from bscnet.sparse.offsets import Shift

DEVICE = "cuda"
TRITON, PLAIN, SPCONV = "triton", "plain torch", "spconv-triton"
"""Engines."""

FLOAT32, TF32, FLOAT16, BFLOAT16 = "float32", "TF32", "float16", "bfloat16"
Row = dict[str, Any]
NO_TIME = "not run: the time was up"
ALL_SHIFTS: tuple[Shift, ...] = tuple((x, y, z) for x, y, z in product((-1, 0, 1), repeat=3))


@dataclass(frozen=True)
class Setting:
    """How much a part does, and until when.

    Attributes:
        folder: that the parts share.
        deadline: of the whole run, on the clock of `time.monotonic`.
        dry_run: tiny sizes; nothing that is measured then is worth anything.
        few: few cases, for Triton's interpreter, which takes seconds for each.
    """

    folder: Path
    deadline: float
    dry_run: bool = False
    few: bool = False

    @property
    def time_left(self) -> float:
        """Seconds until the deadline."""
        return self.deadline - time.monotonic()

    @property
    def precisions(self) -> tuple[str, ...]:
        """In which every operator is tried; Triton's interpreter multiplies bfloat16 as whole numbers."""
        if self.dry_run:
            return (FLOAT32,) if self.few else (FLOAT32, FLOAT16)
        return (FLOAT32, TF32, FLOAT16, BFLOAT16)

    @property
    def shifts(self) -> tuple[Shift, ...]:
        """Of shifted convolutions."""
        return ALL_SHIFTS[:2] if self.dry_run else ALL_SHIFTS

    @property
    def widths(self) -> tuple[tuple[int, int], ...]:
        """Channels in and out of every operator."""
        return ((4, 8),) if self.dry_run else ((16, 32), (48, 32), (96, 112))


def checked(what: str, found: float, limit: float, engine: str = "", precision: str = "") -> Row:
    """A row of something that must be at most `limit`; NaN is not."""
    words = {"what": what, "engine": engine, "precision": precision}
    return {**words, "found": found, "limit": limit, "ok": bool(found <= limit)}


def stated(what: str, note: str, ok: bool = True, engine: str = "", precision: str = "") -> Row:
    """A row of something that is told in words."""
    words = {"what": what, "engine": engine, "precision": precision}
    return {**words, "found": None, "limit": None, "note": note, "ok": ok}


def failed(what: str, error: BaseException, engine: str = "", precision: str = "") -> Row:
    """A row of something that did not come to its end."""
    return stated(what, reason_of(error), False, engine, precision)


def reason_of(error: BaseException) -> str:
    """An exception in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
