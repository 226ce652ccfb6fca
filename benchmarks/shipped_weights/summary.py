"""Everything that the model card says, as plain values, and the part of it that ships beside the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.common.kept import digest
from benchmarks.shipped_weights.chains import KINDS, Chains
from benchmarks.shipped_weights.places import NAME, RESULTS
from benchmarks.shipped_weights.steps import Steps
from bscnet import runtime

_FREE = ("threads", "output_dir", "data.num_workers", "data.cache_dir")
"""Overrides that change no weight."""

_DESCRIBED = ("name", "family", "precision", "method", "voxel_size", "half", "commit")
"""What the card takes from the model file's description."""


def made_by(chains: Chains) -> str:
    """The command that leads to the same weights."""
    words = [word for word in chains.words if word.partition("=")[0] not in _FREE]
    return " ".join(["python -m benchmarks." + RESULTS, *["--distill"] * chains.distilled, *words])


def collect(steps: Steps) -> dict[str, Any]:
    """What was found by the steps so far.

    Raises:
        InputError: a step before the pictures has not been run.
    """
    scores, file = steps.scores(), steps.file("binary")
    session = runtime.load(file)
    seen = steps.seen()
    return {
        "made_by": made_by(steps.chains),
        "model": NAME,
        "sha256": digest(file),
        "bytes": file.stat().st_size,
        "network": {key: session.description[key] for key in _DESCRIBED} | {"features": list(session.features.names)},
        "trained_on": _training(steps.chains),
        "held_out": {
            "rooms": steps.rooms,
            "rooms_seed": scores["rooms_seed"],
            **{kind: {key: value for key, value in scores[kind].items() if key != "scenes"} for kind in KINDS},
            "otherwise": scores["otherwise"],
            "color_mean": scores["color_mean"],
            "color_spread": scores["color_spread"],
        },
        "room": None if seen is None else seen["room"],
        "real_scans": [] if seen is None else seen["real"],
    }


def facts(found: Mapping[str, Any]) -> dict[str, Any]:
    """What ships beside the model: what its file does not say itself."""
    binary = found["held_out"]["binary"]
    return {
        "made_by": found["made_by"],
        "sha256": found["sha256"],
        "trained_on": found["trained_on"],
        "held_out": {
            "rooms": found["held_out"]["rooms"],
            "rooms_seed": found["held_out"]["rooms_seed"],
            "miou": binary["miou"],
            "macc": binary["macc"],
            "acc": binary["acc"],
            "iou": {name: row["iou"] for name, row in binary["classes"].items()},
        },
    }


def _training(chains: Chains) -> dict[str, Any]:
    settings, stages = chains.settings("binary"), {kind: chains.finished(kind).stages for kind in KINDS}
    data, recipe, method = settings.data, settings.recipe, settings.method
    return {
        "simulated": True,
        "rooms": data.train_scenes,
        "validation_rooms": data.val_scenes,
        "rooms_seed": data.rooms_seed,
        "small_rooms": data.datamodule.further.get("quick", True),
        "shifts": method.manual if method.name == "bsc_manual" else None,
        "epochs": {kind: {row.name: row.epochs for row in rows} for kind, rows in stages.items()},
        "batch_size": recipe.batch_size,
        "seed": settings.seed,
        "distilled": chains.distilled,
    }
