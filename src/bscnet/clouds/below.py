"""Clouds' files below a folder."""

from __future__ import annotations

import os
from pathlib import Path

from bscnet.clouds.open import ENDINGS


def files_below(folder: Path) -> list[Path]:
    """Files at any depth, in order, but for hidden ones; linked folders are entered, each only once."""
    files: list[Path] = []
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        seen.add(os.path.realpath(place))
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(os.path.join(place, name)) not in seen
        ]
        files += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(files)


def clouds_below(folder: Path) -> list[Path]:
    """Those of them whose ending a format has."""
    return [path for path in files_below(folder) if path.suffix.lower() in ENDINGS]
