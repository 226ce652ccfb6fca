"""Markdown tables without padding, and the numbers in tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence


def plain_table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: int) -> str:
    """A Markdown table without padding; the first `left` columns are text, the others numbers."""
    rule = ["---"] * left + ["---:"] * (len(heads) - left)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (heads, rule, *rows))


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many digits that count, without an exponent; nothing for None."""
    if value is None:
        return ""
    if value == 0:
        return "0"
    return f"{value:.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}"


def hundredths(value: float | None) -> str:
    """A fraction in percent, for a column whose head says so; nothing for None."""
    return "" if value is None else f"{100 * value:.2f}"
