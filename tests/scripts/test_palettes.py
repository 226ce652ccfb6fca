"""Colours are as different as the documentation says, by a measure that agrees with its authors' numbers."""

from __future__ import annotations

import numpy as np
import pytest

import palette_page
from bscnet.viz.palette import IGNORE_COLOUR, class_palette
from colour_vision import SIGHTS, ciede2000, lab, smallest_difference


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),  # hues on both sides of 275 degrees
        ((50, -1, 2), (50, 0, 0), 2.3669),  # one without a hue
        ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),  # hues 180 degrees apart, on either side
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_differences_are_those_of_the_papers_table(one: tuple, other: tuple, difference: float) -> None:
    """Pairs of Sharma, Wu and Dalal (2005), table 1."""
    found = ciede2000(np.array(one, dtype=float), np.array(other, dtype=float))
    assert found == pytest.approx(difference, abs=5e-5)
    assert ciede2000(np.array(other, dtype=float), np.array(one, dtype=float)) == pytest.approx(float(found))


def test_lab_of_known_colours() -> None:
    found = lab([[255, 255, 255], [255, 0, 0], [119, 119, 119]])
    np.testing.assert_allclose(found, [[100, 0, 0], [53.24, 80.09, 67.20], [50.03, 0, 0]], atol=0.02)
    for sight in SIGHTS:  # greys are greys to everyone
        np.testing.assert_allclose(lab([[119, 119, 119]], sight), [[50.03, 0, 0]], atol=0.05)
    red, green = lab([[200, 60, 40], [110, 110, 0]], "protanopia")
    assert ciede2000(red, green) < ciede2000(*lab([[200, 60, 40], [110, 110, 0]])) / 2


@pytest.mark.parametrize("sight", SIGHTS)
def test_classes_differ_more_than_by_scannets_colours(sight: str) -> None:
    classes = np.concatenate([class_palette(20), [IGNORE_COLOUR]])
    assert smallest_difference(classes, sight) > smallest_difference(class_palette(20, "scannet"), sight)
    assert smallest_difference(classes, sight) > (15 if sight == "normal" else 7)


def test_the_page_says_what_is_measured() -> None:
    assert palette_page.table() in palette_page.PAGE.read_text(encoding="utf-8")
