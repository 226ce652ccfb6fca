"""Markdown tables and the numbers in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence


def table(heads: list[str], rows: list[list[str]], left: int) -> list[str]:
    """Lines of a Markdown table whose columns line up; the first `left` columns are text, the others numbers."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    rule = ["-" * width if i < left else "-" * (width - 1) + ":" for i, width in enumerate(widths)]

    def line(cells: list[str]) -> str:
        pairs = enumerate(zip(cells, widths, strict=True))
        return "| " + " | ".join(c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in pairs) + " |"

    return [line(cells) for cells in (heads, rule, *rows)]


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
