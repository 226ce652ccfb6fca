"""A C program and a Python program that label the same points get the same labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bscnet
from fixtures.model_files import random_program

METRES = {None: 1.0, "m": 1.0, "cm": 0.01, "mm": 0.001, "ft": 0.3048, "us-ft": 1200 / 3937}
FEATURES = [("rgb",), ("height", "rgb"), ("offset", "intensity", "one"), ("rgb", "intensity", "height", "offset")]


@pytest.mark.parametrize("names", FEATURES, ids=" ".join)
@pytest.mark.parametrize("unit", list(METRES))
def test_both_doors_give_the_same_labels(unit: str | None, names: tuple[str, ...], tmp_path: Path) -> None:
    rng, count = np.random.default_rng(len(names)), 3000
    points = (rng.normal(size=(count, 3)) * [0.6, 0.5, 0.2] + rng.integers(-1e5, 1e5, 3)) / METRES[unit]
    points[rng.integers(0, count, 7), rng.integers(0, 3, 7)] = np.nan
    colors, intensity = rng.integers(0, 256, (count, 3), dtype=np.uint8), rng.random(count).astype(np.float32) * 100
    reading: dict[str, Any] = {"units": unit, "colors": "255", "invalid_points": "drop", "labels": [4, 9, 1, -3, 300]}
    reading["scale"] = {"intensity": [0, 80]} if unit else {}
    given = {"colors": colors if "rgb" in names else None}
    measured = {"intensity": intensity} if "intensity" in names else {}
    seen = set()
    for seed in range(3):
        parts = random_program(seed, features=names, num_classes=5, max_channels=17, reading=reading)
        path = tmp_path / "model.safetensors"
        path.write_bytes(parts.to_bytes())
        model = bscnet.load(path)
        labels, confidence = model.label(points, **given, **measured)
        values = np.stack(list(measured.values()), axis=1) if measured else None
        found, sure = model.session.label_points(points, given["colors"], values)
        np.testing.assert_array_equal(found, labels)
        np.testing.assert_allclose(sure, confidence, rtol=5e-7)
        seen |= set(found.tolist())
    assert len(seen) > 2
