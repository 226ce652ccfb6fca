"""Colours of the classes, in pictures, pages, legends and clouds alike, and those of errors and confidence."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bscnet.settings.run import RunSettings
from bscnet.settings.words import PaletteName

IGNORE_COLOUR = (64, 64, 64)
"""RGB (0..255) of points whose label is ignored."""

CORRECT_COLOUR = (200, 204, 210)
"""RGB of a rightly labelled point in the picture of errors."""

ERROR_COLOUR = (222, 45, 38)
"""RGB of a wrongly labelled point in the picture of errors."""

CONFIDENCE_COLOURS = (
    (68, 1, 84), (71, 13, 96), (72, 24, 106), (72, 35, 116), (71, 45, 123), (69, 55, 129),
    (66, 64, 134), (62, 73, 137), (59, 82, 139), (55, 91, 141), (51, 99, 141), (47, 107, 142),
    (44, 114, 142), (41, 122, 142), (38, 130, 142), (35, 137, 142), (33, 145, 140), (31, 152, 139),
    (31, 160, 136), (34, 167, 133), (40, 174, 128), (50, 182, 122), (63, 188, 115), (78, 195, 107),
    (94, 201, 98), (112, 207, 87), (132, 212, 75), (152, 216, 62), (173, 220, 48), (194, 223, 35),
    (216, 226, 25), (236, 229, 27), (253, 231, 37),
)  # fmt: skip
"""RGB of confidence 0 to 1 in even steps: viridis, even to the eye, readable in grey and by the colour-blind.

They stand here because a page is also written where matplotlib is not installed.
"""

SCANNET_COLOURS: tuple[tuple[int, int, int], ...] = (
    (174, 199, 232),  # wall
    (152, 223, 138),  # floor
    (31, 119, 180),  # cabinet
    (255, 187, 120),  # bed
    (188, 189, 34),  # chair
    (140, 86, 75),  # sofa
    (255, 152, 150),  # table
    (214, 39, 40),  # door
    (197, 176, 213),  # window
    (148, 103, 189),  # bookshelf
    (196, 156, 148),  # picture
    (23, 190, 207),  # counter
    (247, 182, 210),  # desk
    (219, 219, 141),  # curtain
    (255, 127, 14),  # refrigerator
    (158, 218, 229),  # shower curtain
    (44, 160, 44),  # toilet
    (112, 128, 144),  # sink
    (227, 119, 194),  # bathtub
    (82, 84, 163),  # other furniture
)
"""RGB of ScanNet's 20 benchmark classes, in the order of the benchmark (ScanNet, arXiv 1702.04405)."""

DISTINCT_COLOURS: tuple[tuple[int, int, int], ...] = (
    (174, 199, 232), (152, 223, 138), (187, 0, 85), (255, 153, 0), (85, 119, 0),
    (85, 85, 238), (255, 221, 0), (0, 102, 102), (136, 136, 136), (238, 170, 170),
    (0, 170, 187), (255, 51, 170), (119, 68, 51), (136, 0, 153), (136, 102, 136),
    (102, 153, 119), (51, 136, 204), (187, 170, 119), (204, 136, 255), (170, 119, 85),
    (255, 119, 68), (68, 85, 119), (0, 255, 204), (170, 238, 238), (85, 102, 85),
    (255, 68, 102), (187, 136, 0), (85, 204, 255), (204, 0, 170), (187, 170, 187),
    (153, 17, 34), (238, 204, 187), (187, 204, 85), (238, 136, 204), (238, 221, 170),
    (136, 119, 255), (0, 119, 51), (187, 136, 153), (0, 136, 119), (0, 102, 187),
)  # fmt: skip
"""RGB that normal sight and dichromats tell apart, by `scripts/search_palette.py`: the first 20 together, the others
one by one. Walls and floors are ScanNet's."""

DEFAULT: PaletteName = RunSettings.palette

_TABLES: dict[PaletteName, tuple[tuple[int, int, int], ...]] = {
    "distinct": DISTINCT_COLOURS,
    "scannet": SCANNET_COLOURS,
}
_GOLDEN_RATIO = 0.6180339887498949


def class_palette(num_classes: int, name: PaletteName = DEFAULT) -> NDArray[np.uint8]:
    """Colour table of `num_classes` classes.

    Beyond the table of that name rows step the hue by the golden ratio, so that neighbours differ.

    Returns:
        (num_classes, 3) uint8, RGB.
    """
    table = _TABLES[name]
    rows = list(table[:num_classes])
    for extra in range(num_classes - len(rows)):
        hue = (0.11 + extra * _GOLDEN_RATIO) % 1.0
        value = (0.9, 0.7, 0.5)[extra % 3]
        red, green, blue = colorsys.hsv_to_rgb(hue, 0.65, value)
        rows.append((round(255 * red), round(255 * green), round(255 * blue)))
    return np.array(rows, dtype=np.uint8).reshape(num_classes, 3)


def colour_labels(labels: NDArray[np.integer], palette: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """RGB of every label; anything that is no row of the palette gets the ignore colour.

    Shapes: labels (P,), palette (C, 3), result (P, 3) uint8.
    """
    table = np.concatenate([palette, np.array([IGNORE_COLOUR], dtype=np.uint8)])
    known = (labels >= 0) & (labels < len(palette))
    return table[np.where(known, labels, len(palette))]


def colour_errors(truth: NDArray[np.integer], prediction: NDArray[np.integer], num_classes: int) -> NDArray[np.uint8]:
    """RGB of every point in the picture of errors: right, wrong, or ignored in the truth.

    Shapes: truth (P,), prediction (P,), result (P, 3) uint8.
    """
    colours = np.where((truth == prediction)[:, None], CORRECT_COLOUR, ERROR_COLOUR).astype(np.uint8)
    colours[(truth < 0) | (truth >= num_classes)] = IGNORE_COLOUR
    return colours


def legend_entries(
    label_sets: Sequence[NDArray[np.integer]], class_names: Sequence[str], palette: NDArray[np.uint8]
) -> list[tuple[str, tuple[int, int, int]]]:
    """(name, RGB) of every class that occurs in any of the label arrays, in class order; "ignored" comes last."""
    num_classes = len(class_names)
    present = np.unique(np.concatenate([np.unique(labels) for labels in label_sets]))
    entries = []
    for label in present[(present >= 0) & (present < num_classes)].tolist():
        red, green, blue = palette[label].tolist()
        entries.append((class_names[label], (red, green, blue)))
    if np.any((present < 0) | (present >= num_classes)):
        entries.append(("ignored", IGNORE_COLOUR))
    return entries
