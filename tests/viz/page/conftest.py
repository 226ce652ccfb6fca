"""A browser without a screen, and a page of it for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.browsers import Browser, start


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    driver = start(tmp_path_factory.mktemp("profile"))
    driver.set_script_timeout(60)
    yield driver
    driver.quit()


@pytest.fixture
def other_browser(tmp_path: Path) -> Iterator[Callable[..., Browser]]:
    """Starts a browser with more flags."""
    started: list[Any] = []

    def begin(*flags: str) -> Browser:
        started.append(start(tmp_path / "profile", *flags))
        return started[-1]

    yield begin
    for driver in started:
        driver.quit()
