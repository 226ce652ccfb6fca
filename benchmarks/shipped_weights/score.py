"""Scores on rooms that no network has met: those of the model files, as `bscnet predict` labels points."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import bscnet
from bscnet import Model
from bscnet.chain.build import build_datamodule
from bscnet.chain.overrides import quoted
from bscnet.chain.settings import composed_settings
from bscnet.data.augment import transform
from bscnet.data.scan import Scan
from bscnet.data.source import ScanStore
from bscnet.errors import InputError
from bscnet.evaluation.split_scores import SplitScores
from bscnet.evaluation.torch_predictor import ScenePrediction
from bscnet.settings.data import DataSettings

Change = Callable[[Scan], Scan]


def turned(scan: Scan, degrees: float) -> Scan:
    """A scan turned about x, from z towards y."""
    sine, cosine = np.sin(np.deg2rad(degrees)), np.cos(np.deg2rad(degrees))
    matrix = np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])
    return replace(scan, points=transform(scan.points, matrix).astype(np.float32))


def thinned(scan: Scan, step: int) -> Scan:
    """Every so many points of a scan."""
    return Scan(scan.name, scan.points[::step], scan.colors[::step], scan.labels[::step])


OTHERWISE: dict[str, Change] = {
    "tilted by 10 degrees": lambda scan: turned(scan, 10),
    "lying on its side (y up)": lambda scan: turned(scan, 90),
    "half as bright": lambda scan: replace(scan, colors=scan.colors // 2),
    "grey all over": lambda scan: replace(scan, colors=np.full_like(scan.colors, 128)),
    "every fourth point alone": lambda scan: thinned(scan, 4),
}
"""What a real scan may be like, done to a simulated one."""


def held_out(overrides: Sequence[str], rooms: int) -> tuple[DataSettings, ScanStore, list[str]]:
    """Rooms of another seed than those of the training, beside whose folder they are made.

    Returns:
        Settings of their data, their scans, and the names of so many of them.

    Raises:
        InputError: one of them is a room of the training.
    """
    known = composed_settings(overrides).data
    root = f"{known.root.rstrip('/')}_held_out"
    own = {"rooms_seed": (known.rooms_seed or 0) + 1, "train_scenes": 1, "val_scenes": rooms}
    words = [f"data.root={quoted(root)}", *(f"data.{key}={value}" for key, value in own.items())]
    settings = composed_settings([*overrides, *words])
    dataset = build_datamodule(settings).eval_dataset("val")
    both = _contents(Path(known.root)) & _contents(Path(root))
    if both:
        raise InputError(f"{known.root} and {root} share a room, a room that is trained on must not be scored")
    return settings.data, dataset.store, dataset.scenes


def score(file: Path, scans: Iterable[Scan]) -> dict[str, Any]:
    """Scores of a model file over scans, as `SplitScores` gives them, without the confusion matrix."""
    model = bscnet.load(file, indices=True)
    scores = SplitScores(model.class_names)
    for scan in scans:
        scores.add(labelled(model, scan))
    return {key: value for key, value in scores.as_dict().items() if key != "confusion"}


def labelled(model: Model, scan: Scan) -> ScenePrediction:
    """A scan as a model that was loaded with `indices` labels it, by points and colours."""
    classes, confidence = model.label(scan.points, scan.colors)
    return ScenePrediction(scan.name, scan.labels.astype(np.int64), classes.astype(np.int64), confidence)


def _contents(root: Path) -> set[str]:
    """SHA-256 of the rooms' files below a folder."""
    records = [json.loads(file.read_text(encoding="utf-8")) for file in root.glob("scans/*/simulated.json")]
    return {value for record in records for value in record["sha256"].values()}
