"""Finished chains below a folder, with their scores, to compare them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bscnet.chain.manifest import FILE_NAME, Manifest
from bscnet.chain.pages import SCORES_NAME
from bscnet.errors import InputError

_ORDER = ("data", "method", "model", "voxel_size", "recipe", "seed")


@dataclass(frozen=True)
class ChainResult:
    """A finished chain.

    Attributes:
        manifest: what it is, and its stages.
        scores: content of its `scores.json` (miou, macc, acc, classes, scenes), or None where it has none.
    """

    manifest: Manifest
    scores: Mapping[str, Any] | None

    @property
    def miou(self) -> float:
        """Validation mIoU of the last stage, a fraction; NaN where undefined."""
        return self.manifest.stages[-1].val_miou

    @property
    def label(self) -> str:
        """Method and model, without the seed."""
        return f"{self.manifest.facts['method']} {self.manifest.facts['model']}"


def read_results(folder: str | Path) -> list[ChainResult]:
    """The newest finished chain of every configuration, by data, method, model, voxel size, recipe and seed.

    Raises:
        InputError: no finished chain below the folder, or a record that cannot be read.
    """
    paths = sorted(Path(folder).glob(f"**/{FILE_NAME}"), key=lambda path: (path.stat().st_mtime, str(path)))
    newest: dict[Path, Manifest] = {}
    for path in paths:
        manifest = Manifest.load(path.parent)
        if manifest.status == "finished" and manifest.stages:
            newest[path.parent.parent] = manifest  # the folder of all runs of one configuration
    if not newest:
        raise InputError(f"{folder} holds no finished chain: python -m bscnet.run makes one")
    found = sorted(newest.values(), key=lambda one: (*(one.facts[key] for key in _ORDER), str(one.directory)))
    return [ChainResult(manifest, _scores(manifest.directory)) for manifest in found]


def _scores(directory: Path) -> Mapping[str, Any] | None:
    path = directory / SCORES_NAME
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        known = isinstance(content, dict) and {"miou", "classes", "scenes"} <= content.keys()
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}") from error
    if not known:
        raise InputError(f"{path} is not the scores of a chain: it lacks miou, classes or scenes")
    return content
