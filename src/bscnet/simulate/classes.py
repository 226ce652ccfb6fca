"""The NYU40 ids that simulated surfaces carry, and the colours in which ScanNet paints them."""

from __future__ import annotations

from bscnet.datasets.scannet.classes import CLASS_NAMES, NYU40_IDS

CLASS_IDS: dict[str, int] = dict(zip(CLASS_NAMES, NYU40_IDS, strict=True))
"""NYU40 id of each of the benchmark's twenty classes."""

CLUTTER_IDS: dict[str, int] = {"box": 29, "lamp": 35, "bag": 37, "otherprop": 40}
"""NYU40 ids outside the benchmark: things that lie about and that every reader has to ignore."""

UNLABELLED = 0

LABEL_COLOURS: dict[int, tuple[int, int, int]] = {
    1: (174, 199, 232),
    2: (152, 223, 138),
    3: (31, 119, 180),
    4: (255, 187, 120),
    5: (188, 189, 34),
    6: (140, 86, 75),
    7: (255, 152, 150),
    8: (214, 39, 40),
    9: (197, 176, 213),
    10: (148, 103, 189),
    11: (196, 156, 148),
    12: (23, 190, 207),
    14: (247, 182, 210),
    16: (219, 219, 141),
    24: (255, 127, 14),
    28: (158, 218, 229),
    33: (44, 160, 44),
    34: (112, 128, 144),
    36: (227, 119, 194),
    39: (82, 84, 163),
}
"""RGB of a label; every id that is missing here is painted black."""
