"""Fills the tables of docs/methods.md from conf/method.

python scripts/methods_table.py
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from bscnet.settings.group import defaults
from bscnet.settings.method import MethodSettings

ROOT = Path(__file__).resolve().parent.parent
METHODS = ROOT / "conf" / "method"
TARGET = ROOT / "docs" / "methods.md"
SHOWN = ("ste_act", "w_form", "ste_weight", "w_scale")
NOT_FURTHER = ("name", "defaults", "stages", *SHOWN)
BEGIN, END = "<!-- methods -->", "<!-- /methods -->"

_COMMENT = re.compile(r"# (?P<title>[^(]+) \((?P<source>.+?)\): (?P<what>.+)")


def method_rows() -> list[list[str]]:
    """A row for each method that shares the two stages of `_two_stages.yaml`."""
    base = defaults(MethodSettings)
    rows = []
    for file in sorted(METHODS.glob("[!_]*.yaml")):
        text = file.read_text(encoding="utf-8")
        own: dict[str, Any] = yaml.safe_load(text)
        if "_two_stages" not in own["defaults"]:
            continue
        said = _COMMENT.match(text)
        if said is None:
            raise ValueError(f"{file}: the first line must read '# Title (sources): what it is'")
        further = [f"`{key}={_typed(own[key])}`" for key in own if key not in NOT_FURTHER and own[key] != base.get(key)]
        switches = [f"`{ {**base, **own}[name] }`" for name in SHOWN]
        rows.append([f"`{own['name']}`", f"{said['title']}: {said['source']}", *switches, ", ".join(further)])
    return rows


def table(rows: list[list[str]]) -> str:
    """The rows in Markdown."""
    head = ["`method=`", "source", *(f"`{name}`" for name in SHOWN), "further"]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def filled(text: str) -> str:
    """The page with its table as conf/method has it."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table(method_rows())}\n{END}{after}"


def _typed(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    TARGET.write_text(filled(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
