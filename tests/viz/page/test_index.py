"""The page of a run, in a browser and as a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By

from bscnet.viz.page.index import ScenePage, write_index

SCORES = {
    "miou": 0.25,
    "macc": None,
    "acc": 0.5,
    "classes": {
        "wall": {"iou": 0.5, "recall": 0.625, "points": 1234},
        "<b>": {"iou": None, "recall": None, "points": 0},
    },
    "scenes": {"low": 0.1, "none": None, "high": 0.9},
}


@pytest.mark.slow
def test_it_shows_scores_and_leads_to_the_scenes(browser: webdriver.Chrome, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((30, 40, 3), np.uint8)).save(tmp_path / "a #1.png")
    (tmp_path / "a #1.html").write_text("<title>the scene</title>")
    pages = [ScenePage("high & dry, the best scene", "a #1.html", "a #1.png")]
    path = write_index(tmp_path / "index.html", 'a <run> "x"', {"network": "ünet"}, SCORES, pages)
    browser.get(path.as_uri())
    try:
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 800, "deviceScaleFactor": 1, "mobile": True}
        )
        assert browser.execute_script("return document.documentElement.scrollWidth") == 390
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert browser.title == 'a <run> "x"'
    rows = [row.text.split() for row in browser.find_elements(By.CSS_SELECTOR, "tr")]
    assert rows == [
        ["class", "IoU", "recall", "points"],
        ["wall", "50.0", "%", "62.5", "%", "1,234"],
        ["<b>", "–", "–", "0"],
        ["scene", "mIoU"],
        ["high", "90.0", "%"],
        ["low", "10.0", "%"],
        ["none", "–"],
    ]
    facts = browser.find_element(By.TAG_NAME, "dl").text.split()
    assert facts == ["network", "ünet", "mIoU", "25.0", "%", "mean", "accuracy", "–", "accuracy", "50.0", "%"]
    assert browser.execute_script("return document.images[0].naturalWidth") == 40
    # its style passes its own policy
    assert browser.execute_script("return getComputedStyle(document.querySelector('caption')).textAlign") == "left"
    browser.find_element(By.CSS_SELECTOR, "figcaption a").click()
    assert browser.title == "the scene"
