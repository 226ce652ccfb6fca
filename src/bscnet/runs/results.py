"""Finished chains below a folder, with their scores, to compare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bscnet.errors import InputError
from bscnet.runs.finished import finished_manifests
from bscnet.runs.layout import SCORES_NAME
from bscnet.runs.manifest import Manifest
from bscnet.runs.records import read_record

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


def read_results(folder: str | Path) -> list[ChainResult]:
    """The newest finished chain of every configuration, by data, method, model, voxel size, recipe and seed.

    Raises:
        InputError: no finished chain below the folder, or a record that cannot be read.
    """
    # by the folder of all runs of one configuration
    newest = {manifest.directory.parent: manifest for manifest in finished_manifests(folder)}
    if not newest:
        raise InputError(f"{folder} holds no finished chain: python -m bscnet.run makes one")
    found = sorted(newest.values(), key=lambda one: (*(one.facts[key] for key in _ORDER), str(one.directory)))
    return [ChainResult(manifest, _scores(manifest.directory)) for manifest in found]


def by_label(results: Sequence[ChainResult]) -> dict[str, list[ChainResult]]:
    """Chains that differ in nothing but the seed side by side, under a label of their own.

    It names method and model, and what else tells the groups apart: the data (of a folder of clouds its name), the
    fold, the features, the voxel size, the recipe.
    """
    known = [_aspects(result.manifest.facts) for result in results]
    telling = [place for place, values in enumerate(zip(*known, strict=True)) if place < 2 or len(set(values)) > 1]
    groups: dict[str, list[ChainResult]] = {}
    for result, aspects in zip(results, known, strict=True):
        groups.setdefault(" ".join(filter(None, (aspects[place] for place in telling))), []).append(result)
    return groups


def _aspects(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """In words, everything by which chains are told apart but the seed; method and model come first."""
    fold, features, data = facts.get("fold"), facts.get("features"), facts["data"]
    return (
        facts["method"],
        facts["model"],
        f"{data} {Path(facts['root']).name}" if data == "folder" and "root" in facts else data,
        "" if fold is None else f"fold {fold}",
        "" if features is None else "+".join(features),
        f"{100 * facts['voxel_size']:g} cm",
        facts["recipe"],
    )


def _scores(directory: Path) -> Mapping[str, Any] | None:
    path = directory / SCORES_NAME
    if not path.is_file():
        return None
    content = read_record(path)
    if not {"miou", "classes", "scenes"} <= content.keys():
        raise InputError(f"{path} is not the scores of a chain: it lacks miou, classes or scenes")
    return content
