"""The points as they travel in the page: a few bytes each, planes of one quantity after the other, compressed."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.viz.page.scene import PageScene

NO_CLASS = 255
"""The byte of a label outside the classes."""

_STEPS = 65535

NO_VALUE = _STEPS
"""The two bytes of a value that a point lacks."""

_LARGEST = 1e300
"""What is larger is taken for no value: differences of such numbers are none."""

_INNER = (1.0, 99.0)
"""Percentiles between which the colours of a value change: one stray point must not make all others alike."""


def pack(scene: PageScene, kept: npt.NDArray[np.intp]) -> tuple[dict[str, Any], str]:
    """The layout (for JSON) and the text of the kept points' data: base64 of gzip of the planes, little-endian.

    Positions are uint16 steps from the lowest corner, per axis: `position = low + step * value`, so they are right to
    half a step. One plane holds one coordinate or channel of all points: neighbours in a file resemble each other, and
    planes compress to three fifths of what they are as rows.
    """
    points = np.asarray(scene.points[kept], dtype=np.float64)
    low = points.min(axis=0)
    step = (points.max(axis=0) - low) / _STEPS
    grid = np.rint((points - low) / np.where(step > 0, step, 1.0)).astype("<u2")
    planes: dict[str, npt.NDArray[Any]] = {"position": grid.T, "colour": scene.colors[kept].T}
    for name, labels in (("truth", scene.truth), ("prediction", scene.prediction)):
        if labels is not None:
            planes[name] = _label_bytes(labels[kept], len(scene.class_names))
    if scene.confidence is not None:
        planes["confidence"] = np.rint(np.clip(scene.confidence[kept], 0, 1) * 255).astype(np.uint8)
    described = []
    for number, (name, values) in enumerate(scene.values.items()):
        steps, told = _value_steps(np.asarray(values, dtype=np.float64)[kept])
        planes[f"value {number}"] = steps
        described.append({"name": name, **told})
    raw = b"".join(np.ascontiguousarray(plane).tobytes() for plane in planes.values())
    layout = {
        "count": len(points),
        "low": low.tolist(),
        "step": step.tolist(),
        # in this order: three planes of two bytes, three of one byte, one byte each, and two bytes each of the values
        "planes": list(planes),
        "values": described,
    }
    return layout, base64.b64encode(gzip.compress(raw, 9, mtime=0)).decode("ascii")


def _value_steps(values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.uint16], dict[str, Any]]:
    """Values (P,) as steps `low + step * n`, and what of it the page has to know."""
    known = np.abs(values) < _LARGEST
    if not known.any():
        return np.full(len(values), NO_VALUE, dtype="<u2"), {"low": 0.0, "step": 0.0, "inner": [0.0, 0.0]}
    low, high = float(values[known].min()), float(values[known].max())
    step = (high - low) / (_STEPS - 1)
    steps = np.rint((np.where(known, values, low) - low) / (step or 1.0)).astype("<u2")
    steps[~known] = NO_VALUE
    return steps, {"low": low, "step": step, "inner": np.percentile(values[known], _INNER).tolist()}


def _label_bytes(labels: npt.NDArray[np.integer], classes: int) -> npt.NDArray[np.uint8]:
    known = (labels >= 0) & (labels < classes)
    return np.where(known, labels.astype(np.int64), NO_CLASS).astype(np.uint8)
