"""Fills docs/configuration.md, and the table of switches in docs/method.md, from the dataclasses of bscnet.settings.

python scripts/configuration_page.py
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING
from pathlib import Path
from typing import Any

import yaml

from bscnet.settings.group import Setting, as_plain, settings_of
from bscnet.settings.groups import GROUPS, Configuration
from bscnet.settings.method import MethodSettings
from bscnet.settings.model import ModelSettings
from bscnet.settings.rules import Flag, OneOf, as_typed
from bscnet.settings.run import RunSettings

ROOT = Path(__file__).resolve().parent.parent
CONF = ROOT / "conf"
PAGE, METHOD = ROOT / "docs" / "configuration.md", ROOT / "docs" / "method.md"
SWITCHES = {"model": ModelSettings, "method": MethodSettings}


def filled(text: str, mark: str, content: str) -> str:
    """A page with other content between `<!-- mark -->` and `<!-- /mark -->`."""
    before, begin, rest = text.partition(f"<!-- {mark} -->")
    _, end, after = rest.partition(f"<!-- /{mark} -->")
    if not begin or not end:
        raise ValueError(f"the page lacks <!-- {mark} --> … <!-- /{mark} -->")
    return f"{before}{begin}\n{content}\n{end}{after}"


def page() -> str:
    """All settings, a table for each group."""
    parts = [_section("Plain values", RunSettings, "")]
    for name, group in GROUPS.items():
        parts.append(_section(_title(name), group, name))
    for name, setting in settings_of(Configuration).items():
        if setting.mapping:
            parts.append(f"## {_title(name)}\n\n{setting.about[0].upper()}{setting.about[1:]}.")
    return "\n\n".join(parts)


def switches() -> str:
    """The settings of `SWITCHES` that have a default, with their words."""
    rows = [
        [f"`{key}=` {_allowed(setting, default)}", setting.about]
        for name, group in SWITCHES.items()
        for key, setting, default in _rows(group, name, _based(name))
        if "[]" not in key and not setting.mapping and default is not MISSING and key != f"{name}.extra_stage"
    ]
    return _table(["switch (default first)", "what it is"], rows)


def _title(name: str) -> str:
    """A config group and its choices."""
    choices = sorted(path.stem for path in (CONF / name).glob("[!_]*.yaml"))
    return f"`{name}`: {', '.join(f'`{choice}`' for choice in choices)}"


def _section(title: str, group: type, name: str) -> str:
    rows = [
        [f"`{key}`", _kind(setting), "" if default is MISSING else f"`{_typed(default)}`", setting.about]
        for key, setting, default in _rows(group, name, _based(name))
    ]
    about = " ".join((group.__doc__ or "").split())
    return f"## {title}\n\n{about}\n\n{_table(['setting', 'what it may be', 'default', 'what it means'], rows)}"


def _rows(group: type, place: str, based: dict[str, Any]) -> Iterator[tuple[str, Setting, Any]]:
    """(key, setting, default) of a group and of those in it; MISSING: each choice gives it, or only some have it."""
    for setting in settings_of(group).values():
        key = f"{place}.{setting.name}" if place else setting.name
        default = MISSING if setting.own else based.get(setting.name, setting.default)
        if setting.nested is None:
            yield key, setting, default
            continue
        if setting.rows or setting.optional:
            yield key, setting, default
        yield from _rows(setting.nested, key + ("[]" if setting.rows else ""), {})


def _based(name: str) -> dict[str, Any]:
    """What `conf/NAME/_base.yaml` puts in the place of defaults: values that follow from other settings."""
    file = CONF / name / "_base.yaml"
    return yaml.safe_load(file.read_text(encoding="utf-8")) if name and file.is_file() else {}


def _kind(setting: Setting) -> str:
    of_some = "; of some choices" if setting.own else ""
    if setting.nested is not None:
        return ("rows" if setting.rows else "keys and values, null") + of_some
    allowed = setting.rule.allowed if setting.rule is not None else "(see its meaning)"
    return ("by name: " if setting.mapping else "") + allowed + of_some


def _allowed(setting: Setting, default: Any) -> str:
    """What a setting may be, the default first; a default that follows from other settings is not repeated."""
    if setting.rule is None:
        return _typed(default)
    if not isinstance(setting.rule, OneOf | Flag):
        return f"{_typed(default)}; {setting.rule.allowed}"
    options = setting.rule.options if isinstance(setting.rule, OneOf) else (True, False)
    first = [default] if default in options else []
    return ", ".join(map(_typed, [*first, *(one for one in options if one not in first)]))


def _typed(value: Any) -> str:
    plain = as_plain(value)
    if isinstance(plain, dict):
        return "{" + ", ".join(f"{key}: {_typed(one)}" for key, one in plain.items()) + "}"
    return f"[{', '.join(map(_typed, plain))}]" if isinstance(plain, list) else as_typed(plain)


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def fill(path: Path, mark: str, content: str) -> None:
    """Fill a page on disk."""
    path.write_text(filled(path.read_text(encoding="utf-8"), mark, content), encoding="utf-8")


if __name__ == "__main__":
    fill(PAGE, "settings", page())
    fill(METHOD, "switches", switches())
