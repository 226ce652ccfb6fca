"""Times of the table that is to be replaced, to stand beside those of another backend."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ALIKE = ("model", "data", "voxel_size", "recipe", "train_scenes", "val_scenes", "rooms_seed")
"""What two tables have in common whose times are compared."""


def times_before(file: Path, found: Mapping[str, Any], backend: str) -> dict[str, Any] | None:
    """Mean seconds of each method, backends and commits of the last table that was not of `backend`.

    A table of `backend` itself hands on those that it has. None: there is no table, or it is of other chains.
    """
    if not file.is_file():
        return None
    old = json.loads(file.read_text(encoding="utf-8"))
    if any(old.get(key) != found[key] for key in ALIKE):
        return None
    backends = sorted({name for row in old["rows"] for name in row["backends"]})
    if backends == [backend]:
        return old.get("before")
    return {
        "backends": backends,
        "commits": sorted({commit for row in old["rows"] for commit in row["commits"]}),
        "seconds": {row["method"]: row["seconds"]["mean"] for row in old["rows"]},
    }
