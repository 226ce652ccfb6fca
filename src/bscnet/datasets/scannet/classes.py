"""The 20 classes of the ScanNet benchmark and how they map to the NYU40 label ids stored in the files."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bscnet.ignore import IGNORE_INDEX

MAX_NYU40_ID = 40
"""Largest id that has a meaning; 0 is "unlabelled"."""

NYU40_IDS: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 24, 28, 33, 34, 36, 39)
"""NYU40 id of class 0, 1, …, 19."""

CLASS_NAMES: tuple[str, ...] = (
    "wall",
    "floor",
    "cabinet",
    "bed",
    "chair",
    "sofa",
    "table",
    "door",
    "window",
    "bookshelf",
    "picture",
    "counter",
    "desk",
    "curtain",
    "refrigerator",
    "shower curtain",
    "toilet",
    "sink",
    "bathtub",
    "otherfurniture",
)

NUM_CLASSES = len(CLASS_NAMES)


def _class_table() -> npt.NDArray[np.int16]:
    table = np.full(MAX_NYU40_ID + 1, IGNORE_INDEX, dtype=np.int16)
    table[list(NYU40_IDS)] = np.arange(NUM_CLASSES)
    return table


_CLASS_OF_NYU40 = _class_table()


def nyu40_to_class(ids: npt.NDArray[np.integer]) -> npt.NDArray[np.int16]:
    """Class 0..19 of each NYU40 id; ids outside the benchmark's 20 become `IGNORE_INDEX`.

    ids: any shape, none negative (the reader checks this); ids above 40, which a few of the owners' files hold, are
    ignored like the rest. Returns int16 of the same shape.
    """
    classes: npt.NDArray[np.int16] = np.full(np.shape(ids), IGNORE_INDEX, dtype=np.int16)
    known = ids <= MAX_NYU40_ID
    classes[known] = _CLASS_OF_NYU40[ids[known]]
    return classes


def class_to_nyu40(classes: npt.NDArray[np.integer]) -> npt.NDArray[np.uint16]:
    """NYU40 id of each class 0..19; `IGNORE_INDEX` becomes 0 (unlabelled). Inverse of `nyu40_to_class`."""
    table = np.array([*NYU40_IDS, 0], dtype=np.uint16)
    return table[np.where(classes == IGNORE_INDEX, NUM_CLASSES, classes)]
