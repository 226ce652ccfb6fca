"""Fractions as tables show them."""

from __future__ import annotations

import math


def percent(value: float | None) -> str:
    """A fraction in percent; "not defined" for None and NaN."""
    return "not defined" if value is None or math.isnan(value) else f"{100 * value:.2f} %"
