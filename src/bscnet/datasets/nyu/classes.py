"""The 40 classes of NYU Depth v2 and how they follow from the 894 names that its label images hold."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from bscnet.ignore import IGNORE_INDEX

NYU40_IDS = tuple(range(1, 41))
"""NYU40's id of class 0, 1, …, 39."""

NUM_NAMES = 894
"""Largest id of a label image; 0 is "unlabelled"."""


@cache
def class_names() -> tuple[str, ...]:
    """Names of class 0..39, spelt as the data set's owners do."""
    return tuple(row["name"] for row in _table("nyu40_names.csv"))


def ids_to_classes(ids: npt.NDArray[np.integer]) -> npt.NDArray[np.int16]:
    """Class 0..39 of each id, `IGNORE_INDEX` for 0 (unlabelled); NYU40's ids 1..40 are classes 0..39.

    ids: any shape, every value in 0..894 (the reader checks this). Returns int16 of the same shape.
    """
    return _class_of_id()[ids]


@cache
def _class_of_id() -> npt.NDArray[np.int16]:
    table = np.full(NUM_NAMES + 1, IGNORE_INDEX, dtype=np.int16)
    for row in _table("nyu894_to_nyu40.csv"):
        table[int(row["nyu894_id"])] = int(row["nyu40_id"]) - 1
    return table


def _table(name: str) -> list[dict[str, str]]:
    text = (resources.files("bscnet.datasets") / "tables" / name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
