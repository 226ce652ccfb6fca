from __future__ import annotations

import matplotlib
import numpy as np
import pytest

from bscnet.settings.words import PaletteName, words
from bscnet.viz.palette import (
    CONFIDENCE_COLOURS,
    CORRECT_COLOUR,
    ERROR_COLOUR,
    IGNORE_COLOUR,
    class_palette,
    colour_errors,
    colour_labels,
    legend_entries,
)


def test_scannets_colours_are_the_published_ones() -> None:
    palette = class_palette(20, "scannet")
    assert palette.shape == (20, 3) and palette.dtype == np.uint8
    assert palette[[0, 19]].tolist() == [[174, 199, 232], [82, 84, 163]]


@pytest.mark.parametrize("name", words(PaletteName))
def test_all_colours_differ_and_the_first_do_not_depend_on_the_number(name: PaletteName) -> None:
    palette = class_palette(60, name)
    assert len({tuple(row) for row in [*palette.tolist(), list(IGNORE_COLOUR)]}) == 61
    np.testing.assert_array_equal(class_palette(7, name), palette[:7])
    assert class_palette(0, name).shape == (0, 3)


def test_labels_outside_the_classes_are_dark_grey() -> None:
    palette = class_palette(20)
    colours = colour_labels(np.array([0, -100, 20, 255, 19]), palette)
    grey = list(IGNORE_COLOUR)
    assert colours.tolist() == [palette[0].tolist(), grey, grey, grey, palette[19].tolist()]


def test_errors_are_right_wrong_or_ignored() -> None:
    colours = colour_errors(np.array([1, 1, -100]), np.array([1, 2, 1]), 20)
    assert colours.tolist() == [list(CORRECT_COLOUR), list(ERROR_COLOUR), list(IGNORE_COLOUR)]


def test_legend_lists_what_occurs_anywhere_in_class_order() -> None:
    names = ["wall", "floor", "cabinet"]
    entries = legend_entries([np.array([2, -100]), np.array([0, 2])], names, class_palette(3, "scannet"))
    assert [name for name, _ in entries] == ["wall", "cabinet", "ignored"]
    assert entries[0][1] == (174, 199, 232)


def test_confidence_goes_from_dark_to_light_as_viridis_does() -> None:
    stops = matplotlib.colormaps["viridis"](np.linspace(0, 1, len(CONFIDENCE_COLOURS)))
    np.testing.assert_array_equal(CONFIDENCE_COLOURS, np.rint(255 * stops[:, :3]))
