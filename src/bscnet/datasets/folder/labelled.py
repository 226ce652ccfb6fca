"""Does a scene have labels? Told from the beginning of its file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bscnet.clouds.open import open_cloud
from bscnet.datasets.folder.decode import label_column
from bscnet.datasets.folder.description import FILE_NAME, Description
from bscnet.errors import InputError

_SOME = 50_000
"""Points of a LAS file that are looked at: a chunk of a LAZ file."""


def require_labels(path: Path, description: Description) -> None:
    """InputError if the points of a file have no labels, or it is damaged as far as its beginning tells.

    LAS has a column of labels always: there the labels are missing where the first points are all 0, which stands for
    "never classified", and 0 is no label of the description.
    """
    file = open_cloud(path, description.reading.columns)
    column = label_column(file, description)
    unclassified = path.suffix.lower() in (".las", ".laz") and 0 not in dict(description.classes.pairs)
    if unclassified and not np.any(next(file.chunks(_SOME, [column])).columns[column]):
        raise InputError(
            f"{path}: the points have no labels, '{column}' is 0 in all that were looked at, and 0 is not among the "
            f"labels of {FILE_NAME}"
        )
