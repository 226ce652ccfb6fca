"""What the model makes of real scans, which nobody has labelled, and of a room: numbers and pictures."""

from __future__ import annotations

from typing import Any

import numpy as np

import bscnet
from benchmarks.shipped_weights.places import NAME, Places
from benchmarks.shipped_weights.score import labelled
from bscnet.chain.build import build_datamodule
from bscnet.chain.settings import composed_settings
from bscnet.data.scan import Scan
from bscnet.evaluation.scene_pages import page_scene, write_picture
from bscnet.viz.page import PageScene

REAL = ("real_garage", "real_tabletop")
"""Data sets of one scan each, all of them coloured."""

_LEAST = 0.01


def look_at_real(data_name: str, places: Places) -> dict[str, Any]:
    """Label a real scan, stood upright, and draw it: its size, colours, classes and picture.

    Raises:
        InputError: it cannot be had, or its picture not be written.
    """
    data = build_datamodule(composed_settings([f"data={data_name}"]))
    dataset = data.eval_dataset("test", labelled=False)
    scan = dataset.store.scan(dataset.scenes[0])
    upright = Scan(scan.name, data.view_points(scan), scan.colors, scan.labels)
    model = bscnet.load(places.model, indices=True)
    found, as_seen = labelled(model, upright), labelled(model, scan)
    picture = places.picture(data_name.removeprefix("real_"))
    write_picture(picture, page_scene(data, scan, found, {}), f"{data_name}, a real scan, labelled by {NAME}")
    shares = np.bincount(found.classes, minlength=len(model.class_names)) / len(found.classes)
    return {
        "data": data_name,
        "points": len(scan.points),
        "extent": np.ptp(upright.points, axis=0).tolist(),
        **colors_of([scan]),
        "confidence": float(found.confidence.mean()),
        "classes": {
            model.class_names[index]: float(shares[index]) for index in (-shares).argsort() if shares[index] >= _LEAST
        },
        "same_as_seen": float((found.classes == as_seen.classes).mean()),
        "picture": picture.name,
    }


def look_at_room(scan: Scan, places: Places) -> str:
    """Draw a held-out room with its truth; the picture's name. InputError: it cannot be written."""
    model = bscnet.load(places.model, indices=True)
    found, picture = labelled(model, scan), places.picture("room")
    scene = PageScene(
        name=scan.name,
        points=np.ascontiguousarray(scan.points),
        colors=np.ascontiguousarray(scan.colors),
        truth=found.labels,
        prediction=found.classes,
        confidence=found.confidence,
        class_names=model.class_names,
    )
    write_picture(picture, scene, f"a simulated room that {NAME} has not seen")
    return picture.name


def colors_of(scans: list[Scan]) -> dict[str, Any]:
    """Mean and spread (standard deviation) of red, green and blue over all points, 0 to 255."""
    colors = np.concatenate([scan.colors for scan in scans]).astype(np.float64)
    return {"color_mean": colors.mean(0).tolist(), "color_spread": colors.std(0).tolist()}
