"""A folder's description, completed by a look at its first scene."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bscnet.clouds.columns import COLORS
from bscnet.clouds.open import open_cloud
from bscnet.datasets.folder.description import SPLITS, Description, load_description
from bscnet.datasets.folder.scenes import find_scenes
from bscnet.errors import InputError


def read_description(root: str | Path) -> Description:
    """As `load_description`, with the features that the first scene's file allows where none are described.

    These are rgb if the points have colours, and `one` and `offset` otherwise: shape alone.
    """
    description = load_description(root)
    if description.features:
        return description
    files = find_scenes(Path(root), description.splits)
    first = next((path for split in SPLITS for path in files[split].values()), None)
    if first is None:
        raise InputError(f"{root}: no clouds here, they must lie in {', '.join(f'{split}/' for split in SPLITS)}")
    colored = COLORS[0] in open_cloud(first, description.reading.columns).columns
    return replace(description, features=("rgb",) if colored else ("one", "offset"))
