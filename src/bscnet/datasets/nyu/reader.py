"""NYU Depth v2 as its owners ship it.

ROOT/nyu_depth_v2_labeled.mat   1449 images with depths and labels
ROOT/splits.mat                 the 795 that train and the 654 that test
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from bscnet.data.fingerprint import text_hash
from bscnet.data.scan import Scan
from bscnet.datasets.nyu.classes import ids_to_classes
from bscnet.datasets.nyu.frames import LabeledFile
from bscnet.datasets.nyu.projection import NUM_PIXELS, cropped, image_points
from bscnet.datasets.nyu.splits import read_splits, splits_file
from bscnet.errors import InputError
from bscnet.ignore import IGNORE_INDEX

READER_VERSION = 1
"""Part of every cache key: raise it when the same files would be read as other arrays."""

LABELED_FILE, SPLITS_FILE = "nyu_depth_v2_labeled.mat", "splits.mat"

NUM_IMAGES = 1449
"""Images in the owners' file; the reader takes as many as a file has."""

SPLITS = {"train": "train", "val": "val", "test": "val"}
"""What each name stands for: the owners' test images are the ones that are scored, so "val" and "test" are the same."""

DEPTH_UNIT = 10.0
"""Metres that are 1 in a scan's value "depth": where the owners' depths end."""

_SCENE_NAME = re.compile(r"nyu([0-9]{4,})")


class NyuDepth:
    """The images of one root folder; image number 7 (counted from 1, as in the files) is the scene nyu0007.

    A scan has the 238,000 pixels of the crop, column by column from the left, each column from the top: points as
    `image_points` gives them, colours, classes 0..39, and the depth, in units of 10 m, as the further value "depth".
    whole_centimetres: see `image_points`.
    """

    def __init__(self, root: str | Path, whole_centimetres: bool = False) -> None:
        self.root = Path(root)
        self.whole_centimetres = whole_centimetres
        self.labeled = LabeledFile(self.root / LABELED_FILE)
        self.splits = splits_file(self.root / SPLITS_FILE)

    def scenes(self, split: str) -> list[str]:
        """Scene names of "train", "val" or "test", in the order of `splits.mat`.

        InputError: no such split; a file that is missing, damaged or of another layout; splits that overlap, are empty
        or name an image that is not there.
        """
        if split not in SPLITS:
            raise InputError(f"unknown split {split!r}, it must be one of {', '.join(SPLITS)}")
        splits = read_splits(self.splits, self.labeled.count())
        return [scene_name(number) for number in splits[SPLITS[split]]]

    def files(self, scene: str, labelled: bool = True) -> list[Path]:
        """The one file that holds all images."""
        return [self.labeled.path]

    def require(self, scenes: Sequence[str], labelled: bool = True) -> None:
        """InputError if the file is not there or has no such images."""
        count = self.labeled.count()
        absent = [scene for scene in scenes if not 1 <= _number(scene) <= count]
        if absent:
            raise InputError(f"{self.labeled.path}: there is no {absent[0]}, the file has the images 1 to {count}")

    def read(self, scene: str, labelled: bool = True) -> Scan:
        """Decode one image; InputError naming the file and the image if it is damaged."""
        frame = self.labeled.frame(_number(scene))
        depth = cropped(frame.depth)
        if labelled:
            labels = ids_to_classes(cropped(frame.ids))
        else:
            labels = np.full(NUM_PIXELS, IGNORE_INDEX, dtype=np.int16)
        return Scan(
            scene,
            image_points(frame.depth, self.whole_centimetres),
            cropped(frame.colors),
            labels,
            {"depth": (depth / DEPTH_UNIT).astype(np.float32)},
        )

    def fingerprint(self, scene: str, labelled: bool = True) -> str:
        """Hash of all that decides what `read` returns: the reader's version and options, the image's own values."""
        how = f"nyu reader {READER_VERSION} {scene} {labelled} {self.whole_centimetres}"
        return text_hash(f"{how}\n{self.labeled.digest(_number(scene))}")


def scene_name(number: int) -> str:
    """The scene of an image number, counted from 1."""
    return f"nyu{number:04d}"


def _number(scene: str) -> int:
    found = _SCENE_NAME.fullmatch(scene)
    if found is None:
        raise InputError(f"{scene!r} is no image of NYU Depth v2, their names are nyu0001, nyu0002, …")
    return int(found[1])


def check(root: str | Path) -> list[str]:
    """One sentence for each missing or damaged file, and each damaged image; empty when all is well.

    Reads every image once, one at a time.
    """
    source = NyuDepth(root)
    labeled = source.labeled
    problems: list[str] = []

    def attempt(what: Callable[[], object]) -> None:
        try:
            what()
        except InputError as error:
            problems.append(str(error))

    attempt(labeled.count)
    if problems:
        attempt(lambda: read_splits(source.splits, NUM_IMAGES))
        return problems
    count = labeled.count()
    attempt(lambda: read_splits(source.splits, count))
    for number in range(1, count + 1):
        attempt(partial(labeled.frame, number))
    return problems
