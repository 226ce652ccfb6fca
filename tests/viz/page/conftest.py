"""A browser without a screen, and a page of it for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver

PROGRAMS = ("chromium", "chromedriver")
REQUIRED = os.environ.get("BSCNET_REQUIRE_BROWSER") == "1"
# WebGL is drawn by the CPU, and the browser itself has no reason to reach for a network.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--window-size=1280,900",
)  # fmt: skip

Browser = webdriver.Chrome


def start(folder: Path, *flags: str) -> Browser:
    """A new browser with an empty profile that keeps what pages say and ask for."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        reason = (
            f"pages cannot be opened without {', '.join(missing)} (Debian: apt-get install chromium chromium-driver)"
        )
        if REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for flag in (*FLAGS, f"--user-data-dir={folder}", *flags):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Browser(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))


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
