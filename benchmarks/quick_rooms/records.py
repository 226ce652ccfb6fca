"""Which chains lie below a folder, what each of them scored, and which are missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common.chains import SCORES, effort, last_scores
from bscnet.errors import InputError
from bscnet.runs.finished import chain_manifests, is_finished
from bscnet.runs.layout import RESULT_NAME
from bscnet.runs.manifest import Manifest

SAME = ("model", "data", "voxel_size", "recipe")
"""What chains that are compared have in common."""


@dataclass(frozen=True)
class Record:
    """A finished chain.

    directory: of the chain. method, seed, facts: as in its result.json. stages: how many. epochs, seconds: of all
    stages. scores: the quantities of SCORES that the last stage logged, at the epoch of its checkpoint, fractions.
    """

    directory: Path
    method: str
    seed: int
    facts: dict[str, Any]
    stages: int
    epochs: int
    seconds: float
    scores: dict[str, float]


def find_manifests(folder: Path) -> list[Manifest]:
    """The records of all chains below a folder, oldest first.

    Raises:
        InputError: there is none, or one cannot be read.
    """
    manifests = chain_manifests(folder)
    if not manifests:
        raise InputError(f"{folder} holds no chain (no {RESULT_NAME}): run experiment=quick_rooms first")
    return manifests


def newest_finished(manifests: Iterable[Manifest], backend: str | None = None) -> dict[tuple[str, int], Manifest]:
    """For each method and seed the newest of its finished chains (the arguments come oldest first).

    backend: on which they ran; None allows any.

    Raises:
        InputError: chains of different models, data, voxel sizes or recipes, which no table may mix.
    """
    chosen: dict[tuple[str, int], Manifest] = {}
    for manifest in manifests:
        if is_finished(manifest) and backend in (None, manifest.facts["backend"]):
            chosen[manifest.facts["method"], manifest.facts["seed"]] = manifest
    for key in SAME:
        values = {str(manifest.facts[key]): manifest.directory for manifest in chosen.values()}
        if len(values) > 1:
            found = ", ".join(f"{value} in {directory}" for value, directory in values.items())
            raise InputError(f"chains of one table must have the same {key}; found {found}")
    return chosen


def missing_chains(
    manifests: Sequence[Manifest], methods: Sequence[str], seeds: Sequence[int], backend: str | None = None
) -> list[str]:
    """A sentence about each wanted method and seed that has no finished chain, on a backend if one is named."""
    finished, sentences = newest_finished(manifests, backend), []
    manifests = [manifest for manifest in manifests if backend in (None, manifest.facts["backend"])]
    for method in methods:
        for seed in seeds:
            if (method, seed) in finished:
                continue
            states = [m.status for m in manifests if (m.facts["method"], m.facts["seed"]) == (method, seed)]
            sentences.append(f"{method} seed {seed}: {states[-1] if states else 'no chain'}")
    return sentences


def read_record(manifest: Manifest) -> Record:
    """What a finished chain scored.

    Raises:
        InputError: the CSV file of its last stage is gone.
    """
    scores = last_scores(manifest, SCORES.__contains__)
    return Record(
        directory=manifest.directory,
        method=manifest.facts["method"],
        seed=manifest.facts["seed"],
        facts=manifest.facts,
        stages=len(manifest.stages),
        scores={**scores, "val/miou": manifest.stages[-1].val_miou},
        **effort(manifest),
    )
