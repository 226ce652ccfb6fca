from __future__ import annotations

import pytest

from bscnet.datasets import isolated


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsers run in the process of the test, which is many times as fast; for files that crash nothing."""
    monkeypatch.setattr(isolated, "run_isolated", lambda parse, path: parse(path))
