"""Tables for people and their JSON twins."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bscnet.whole_file import write_json_whole, write_text_whole


def processor() -> str:
    """The CPU's own name."""
    cpuinfo = Path("/proc/cpuinfo")
    for line in cpuinfo.read_text().splitlines() if cpuinfo.exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def table(heads: list[str], rows: list[list[str]], left: int) -> list[str]:
    """Lines of a markdown table whose columns line up; the first `left` columns are text, the others numbers."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    rule = ["-" * width if i < left else "-" * (width - 1) + ":" for i, width in enumerate(widths)]

    def line(cells: list[str]) -> str:
        pairs = enumerate(zip(cells, widths, strict=True))
        return "| " + " | ".join(c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in pairs) + " |"

    return [line(cells) for cells in (heads, rule, *rows)]


def plain_table(heads: Sequence[str], rows: Iterable[Sequence[str]], left: int) -> str:
    """A markdown table without padding; the first `left` columns are text, the others numbers."""
    rule = ["---"] * left + ["---:"] * (len(heads) - left)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (heads, rule, *rows))


def write(folder: Path, name: str, text: str, report: Mapping[str, Any], indent: int = 1) -> None:
    """NAME.md and NAME.json in a folder; each appears whole or not at all."""
    write_json_whole(folder / f"{name}.json", report, indent=indent)
    write_text_whole(folder / f"{name}.md", text)
