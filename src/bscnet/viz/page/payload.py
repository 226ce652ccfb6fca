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
    raw = b"".join(np.ascontiguousarray(plane).tobytes() for plane in planes.values())
    layout = {
        "count": len(points),
        "low": low.tolist(),
        "step": step.tolist(),
        "planes": list(planes),  # in this order: three planes of two bytes, three of one byte, then one byte each
    }
    return layout, base64.b64encode(gzip.compress(raw, 9, mtime=0)).decode("ascii")


def _label_bytes(labels: npt.NDArray[np.integer], classes: int) -> npt.NDArray[np.uint8]:
    known = (labels >= 0) & (labels < classes)
    return np.where(known, labels.astype(np.int64), NO_CLASS).astype(np.uint8)
