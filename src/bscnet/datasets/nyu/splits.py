"""`splits.mat` of NYU Depth v2: which images train and which test."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.datasets.isolated import ParsedFile, Tables
from bscnet.errors import InputError

VARIABLES = {"train": "trainNdxs", "val": "testNdxs"}
"""The file's variable of each split: the test images are the ones that are scored."""

MAX_BYTES = 1 << 20
"""The owners' file has 2.6 kB; a larger one is another file, and is not given to the parser."""


def read_splits(file: ParsedFile, num_images: int) -> dict[str, list[int]]:
    """Image numbers from 1 of the splits "train" and "val", in the file's order.

    file: `splits_file`. num_images: how many the labelled file holds. InputError naming the file: missing or damaged,
    no column vector of image numbers, a split that is empty, a number out of range or one that comes twice.
    """
    columns = file.tables()
    splits = {split: _numbers(file.path, name, columns[name], num_images) for split, name in VARIABLES.items()}
    both = set(splits["train"]) & set(splits["val"])
    if both:
        raise InputError(
            f"{file.path}: image {min(both)} is in trainNdxs and in testNdxs, it may be in one of them only"
        )
    return splits


def splits_file(path: Path) -> ParsedFile:
    """The file, which is parsed when it is used."""
    return ParsedFile(path, parse_splits, "the split of NYU Depth v2")


def parse_splits(path: Path) -> Tables:
    """The file's two columns by their names; InputError naming the file: not readable, damaged, no such columns."""
    from scipy.io import loadmat

    try:
        size = path.stat().st_size
        content = path.read_bytes() if 0 < size <= MAX_BYTES else b""
    except OSError as error:
        raise InputError(f"{path}: the file cannot be read ({error.strerror})") from error
    if not content:
        raise InputError(f"{path}: the file has {size} bytes, splits.mat has 1 to {MAX_BYTES}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what the parser merely warns of is damage here
            variables = loadmat(io.BytesIO(content), variable_names=list(VARIABLES.values()))
    except Exception as error:  # on damaged bytes the parser fails in many ways
        raise InputError(f"{path}: the file is damaged or no MATLAB v5 file") from error
    return {name: _column(path, name, variables.get(name)) for name in VARIABLES.values()}


def _column(path: Path, name: str, array: Any) -> npt.NDArray[np.float64]:
    if not (isinstance(array, np.ndarray) and array.dtype.kind in "uif" and array.ndim == 2):
        raise InputError(f"{path}: {name} must be there as a column of image numbers")
    if array.size == 0:
        raise InputError(f"{path}: {name} is empty, it must name at least one image")
    if 1 not in array.shape:
        raise InputError(f"{path}: {name} has shape {array.shape}, it must be a column of image numbers")
    return array.ravel().astype(np.float64)


def _numbers(path: Path, name: str, values: npt.NDArray[np.float64], num_images: int) -> list[int]:
    allowed = (values >= 1) & (values <= num_images) & (values == np.round(values))
    if not allowed.all():
        raise InputError(
            f"{path}: {name} holds {values[~allowed][0]:g}, allowed are the image numbers 1 to {num_images}"
        )
    numbers = [int(value) for value in values]
    twice = len(numbers) - len(set(numbers))
    if twice:
        raise InputError(f"{path}: {name} names {twice} images more than once")
    return numbers
