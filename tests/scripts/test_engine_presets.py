"""Builds of the engine by CMake's presets: what goes wrong is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import engine_presets
from bscnet.errors import InputError


def test_what_a_tool_says_is_told() -> None:
    with pytest.raises(InputError, match=r"^sh failed:\nfirst\nsecond\n$"):
        engine_presets.run(["sh", "-c", "echo first; echo second >&2; exit 3"])
    assert engine_presets.run(["sh", "-c", "echo all is well"]) == "all is well\n"


def test_missing_tools_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engine_presets, "_PATH", str(tmp_path))
    with pytest.raises(InputError, match="CMake and Ninja, which are missing: pip install cmake ninja"):
        engine_presets.built("release")


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(InputError, match="abacus"):
        engine_presets.built("abacus")


def test_what_can_be_configured_can_be_built() -> None:
    presets = json.loads((engine_presets.ROOT / "csrc" / "CMakePresets.json").read_text())
    shown = [preset["name"] for preset in presets["configurePresets"] if not preset.get("hidden")]
    assert [(preset["name"], preset["configurePreset"]) for preset in presets["buildPresets"]] == [
        (name, name) for name in shown
    ]
