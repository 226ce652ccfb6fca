"""docs/methods.md says what conf/method has."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

from bscnet.paths import config_dir
from fixtures.methods import LITERATURE

SCRIPT = config_dir() + "/../scripts/methods_table.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("methods_table", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_as_the_script_fills_it(script: ModuleType) -> None:
    text = script.TARGET.read_text(encoding="utf-8")
    assert script.filled(text) == text, "run python scripts/methods_table.py"


def test_every_method_has_its_source_and_its_switches(script: ModuleType) -> None:
    rows = {row[0].strip("`"): row[1:] for row in script.method_rows()}
    assert list(rows) == LITERATURE
    assert rows["irnet"][:1] == ["IR-Net: arXiv 1909.10788; htqin/IR-Net ir_1w1a.py"]
    assert rows["irnet"][1:5] == ["`ede`", "`standardized`", "`ede`", "`power_of_two`"]
    assert "`w_penalty_weight=1e-06`" in rows["bnn_plus"][-1] and "`sign_noise=true`" in rows["fda"][-1]
