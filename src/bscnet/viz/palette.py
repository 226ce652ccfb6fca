"""Colours of the classes: ScanNet's published 20-class palette, continued for larger label sets."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

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

_GOLDEN_RATIO = 0.6180339887498949


def class_palette(num_classes: int) -> NDArray[np.uint8]:
    """Colour table of `num_classes` classes.

    The first 20 rows are ScanNet's; further rows step the hue by the golden ratio, so that neighbours differ.

    Returns:
        (num_classes, 3) uint8, RGB.
    """
    rows = list(SCANNET_COLOURS[:num_classes])
    for index in range(len(rows), num_classes):
        extra = index - len(SCANNET_COLOURS)
        hue = (0.11 + extra * _GOLDEN_RATIO) % 1.0
        value = (0.9, 0.7, 0.5)[extra % 3]
        red, green, blue = colorsys.hsv_to_rgb(hue, 0.65, value)
        rows.append((round(255 * red), round(255 * green), round(255 * blue)))
    return np.array(rows, dtype=np.uint8).reshape(num_classes, 3)


def colour_labels(labels: NDArray[np.integer], num_classes: int) -> NDArray[np.uint8]:
    """RGB of every label; anything outside 0..num_classes-1 gets the ignore colour.

    Shapes: labels (P,), result (P, 3) uint8.
    """
    table = np.concatenate([class_palette(num_classes), np.array([IGNORE_COLOUR], dtype=np.uint8)])
    known = (labels >= 0) & (labels < num_classes)
    return table[np.where(known, labels, num_classes)]


def colour_errors(truth: NDArray[np.integer], prediction: NDArray[np.integer], num_classes: int) -> NDArray[np.uint8]:
    """RGB of every point in the picture of errors: right, wrong, or ignored in the truth.

    Shapes: truth (P,), prediction (P,), result (P, 3) uint8.
    """
    colours = np.where((truth == prediction)[:, None], CORRECT_COLOUR, ERROR_COLOUR).astype(np.uint8)
    colours[(truth < 0) | (truth >= num_classes)] = IGNORE_COLOUR
    return colours


def legend_entries(
    label_sets: Sequence[NDArray[np.integer]], class_names: Sequence[str]
) -> list[tuple[str, tuple[int, int, int]]]:
    """(name, RGB) of every class that occurs in any of the label arrays, in class order; "ignored" comes last."""
    num_classes = len(class_names)
    present = np.unique(np.concatenate([np.unique(labels) for labels in label_sets]))
    palette = class_palette(num_classes)
    entries = []
    for label in present[(present >= 0) & (present < num_classes)].tolist():
        red, green, blue = palette[label].tolist()
        entries.append((class_names[label], (red, green, blue)))
    if np.any((present < 0) | (present >= num_classes)):
        entries.append(("ignored", IGNORE_COLOUR))
    return entries
