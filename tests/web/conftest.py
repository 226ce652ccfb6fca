"""The page, built once, in a browser without a screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fixtures import wasm
from fixtures.browsers import Browser, start
from fixtures.labelling_page import LabellingPage


@pytest.fixture(scope="package")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's file."""
    wasm.require("npm")
    from build_demo.__main__ import build

    path = tmp_path_factory.mktemp("page") / "index.html"
    build(path)
    return path


@pytest.fixture(scope="package")
def page(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabellingPage]:
    """The page, opened."""
    driver = start(tmp_path_factory.mktemp("profile"))
    yield LabellingPage(driver, built, tmp_path_factory.mktemp("downloads"))
    driver.quit()


@pytest.fixture
def other_page(built: Path, tmp_path: Path) -> Iterator[Callable[..., LabellingPage]]:
    """Opens the page in another browser, which gets more flags."""
    started: list[Browser] = []

    def begin(*flags: str) -> LabellingPage:
        started.append(start(tmp_path / "profile", *flags))
        return LabellingPage(started[-1], built, tmp_path)

    yield begin
    for driver in started:
        driver.quit()
