"""docs/configuration.md and the switches of docs/method.md say what the dataclasses have."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

from bscnet.paths import config_dir
from bscnet.settings.group import settings_of
from bscnet.settings.groups import GROUPS

SCRIPT = config_dir() + "/../scripts/configuration_page.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("configuration_page", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_are_as_the_script_fills_them(script: ModuleType) -> None:
    for path, mark, content in (
        (script.PAGE, "settings", script.page()),
        (script.METHOD, "switches", script.switches()),
    ):
        text = path.read_text(encoding="utf-8")
        assert script.filled(text, mark, content) == text, "run python scripts/configuration_page.py"


def test_the_page_has_every_setting_with_its_meaning(script: ModuleType) -> None:
    lines = script.page().splitlines()
    for name, group in GROUPS.items():
        for setting in settings_of(group).values():
            if setting.nested is None:
                (line,) = [line for line in lines if line.startswith(f"| `{name}.{setting.name}` |")]
                assert setting.about and line.endswith(f"| {setting.about} |")


def test_a_page_without_its_marks_is_an_error(script: ModuleType) -> None:
    with pytest.raises(ValueError, match="<!-- settings -->"):
        script.filled("nothing", "settings", "x")
