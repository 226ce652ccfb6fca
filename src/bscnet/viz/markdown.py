"""Markdown tables whose columns line up."""

from __future__ import annotations


def table(heads: list[str], rows: list[list[str]], left: int) -> list[str]:
    """Lines of a Markdown table whose columns line up; the first `left` columns are text, the others numbers."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    rule = ["-" * width if i < left else "-" * (width - 1) + ":" for i, width in enumerate(widths)]

    def line(cells: list[str]) -> str:
        pairs = enumerate(zip(cells, widths, strict=True))
        return "| " + " | ".join(c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in pairs) + " |"

    return [line(cells) for cells in (heads, rule, *rows)]
