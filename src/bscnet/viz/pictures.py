"""One picture of one scene: input and labels, with truth and errors where they are known, and a legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bscnet.settings.words import PaletteName
from bscnet.viz.camera import frame_camera, open_room, point_spacing, view_direction
from bscnet.viz.palette import (
    CORRECT_COLOUR,
    DEFAULT,
    ERROR_COLOUR,
    class_palette,
    colour_errors,
    colour_labels,
    legend_entries,
)
from bscnet.viz.sheet import compose, trimmed
from bscnet.viz.splats import render_panels

_PANEL_PIXELS = (1000, 720)
_CLOSED = 2.0
"""Diameter of a disc in the spacing of the points at which one sees no longer through randomly scattered ones."""

_MAX_POINTS = 400_000


def scene_picture(
    path_png: str | Path,
    points: NDArray[np.floating],
    colours: NDArray[np.uint8],
    truth: NDArray[np.integer],
    prediction: NDArray[np.integer],
    class_names: Sequence[str],
    *,
    title: str | None = None,
    towards: Sequence[float] | None = None,
    palette: PaletteName = DEFAULT,
) -> Path:
    """Write a PNG with the panels input, truth, prediction, errors, a legend of the classes present, and the mIoU.

    The scene is seen from above at an angle, with the ceiling and the near walls cut away, or with `towards`, a unit
    vector to the camera, from there and whole. Labels outside the classes
    (such as -100) are drawn dark grey and left out of the mIoU.

    Shapes: points (P, 3) metres, z up; colours (P, 3) uint8 RGB; truth (P,) and prediction (P,) class indices.

    Raises:
        ValueError: shapes disagree or there is no finite point.
    """
    count = len(points)
    for name, array, shape in (
        ("points", points, (count, 3)),
        ("colours", colours, (count, 3)),
        ("truth", truth, (count,)),
        ("prediction", prediction, (count,)),
    ):
        if array.shape != shape:
            raise ValueError(f"{name} has shape {tuple(array.shape)}; {shape} is needed")
    if count == 0 or not np.isfinite(points).all():
        raise ValueError("points must be finite and at least one")

    table = class_palette(len(class_names), palette)
    score = scene_miou(truth, prediction, len(class_names))
    drawn, direction = _drawn_points(points, towards)
    seen, guess = truth[drawn], prediction[drawn]
    panels = {
        "input": np.asarray(colours[drawn], dtype=np.uint8),
        "truth": colour_labels(seen, table),
        "prediction": colour_labels(guess, table),
        "errors": colour_errors(seen, guess, len(class_names)),
    }
    heading = f"mIoU of this scene {100 * score:.1f} %" if math.isfinite(score) else "no labelled point"
    legend = [*legend_entries([seen, guess], class_names, table), ("right", CORRECT_COLOUR), ("wrong", ERROR_COLOUR)]
    text = f"{title}: {heading}" if title else heading
    return _write_picture(Path(path_png), text, points[drawn], direction, panels, legend)


def labelled_picture(
    path_png: str | Path,
    points: NDArray[np.floating],
    colours: NDArray[np.uint8],
    labels: NDArray[np.integer],
    class_names: Sequence[str],
    *,
    title: str,
    towards: Sequence[float] | None = None,
    palette: PaletteName = DEFAULT,
) -> Path:
    """Write a PNG with the cloud and its labels side by side and a legend of the classes present.

    Seen as in `scene_picture`. Shapes: points (P, 3) metres, z up, finite, P >= 1; colours (P, 3) uint8; labels (P,).
    """
    drawn, direction = _drawn_points(points, towards)
    shown, table = labels[drawn], class_palette(len(class_names), palette)
    panels = {"input": np.asarray(colours[drawn]), "labels": colour_labels(shown, table)}
    legend = legend_entries([shown], class_names, table)
    return _write_picture(Path(path_png), title, points[drawn], direction, panels, legend)


def cloud_picture(
    path_png: str | Path,
    points: NDArray[np.floating],
    colours: NDArray[np.uint8],
    *,
    title: str,
    towards: Sequence[float] | None = None,
) -> Path:
    """Write a PNG of a cloud of which no labels are known.

    Seen as in `scene_picture`. Shapes: points (P, 3) metres, z up, finite, P >= 1; colours (P, 3) uint8.
    """
    drawn, direction = _drawn_points(points, towards)
    panels = {"input": np.asarray(colours[drawn])}
    return _write_picture(Path(path_png), title, points[drawn], direction, panels, [])


def _drawn_points(
    points: NDArray[np.floating], towards: Sequence[float] | None
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Indices of the points to draw, and the direction to the camera."""
    if towards is None:
        direction = view_direction(points)
        drawn = np.flatnonzero(open_room(points, direction))
    else:
        direction = np.asarray(towards, dtype=np.float64)
        drawn = np.arange(len(points))
    if len(drawn) > _MAX_POINTS:
        drawn = np.random.default_rng(0).choice(drawn, _MAX_POINTS, replace=False)
    return drawn, direction


def _write_picture(
    path: Path,
    heading: str,
    points: NDArray[np.floating],
    towards: NDArray[np.float64],
    panels: dict[str, NDArray[np.uint8]],
    legend: Sequence[tuple[str, tuple[int, int, int]]],
) -> Path:
    camera = frame_camera(points, towards, _PANEL_PIXELS[0] / _PANEL_PIXELS[1])
    diameter = _CLOSED * point_spacing(points)
    images = render_panels(points, list(panels.values()), camera, _PANEL_PIXELS, diameter)
    path.parent.mkdir(parents=True, exist_ok=True)
    compose(heading, trimmed(dict(zip(panels, images, strict=True))), legend).save(path)
    return path


def scene_miou(truth: NDArray[np.integer], prediction: NDArray[np.integer], num_classes: int) -> float:
    """Mean over the classes that occur of |truth and prediction| / |truth or prediction|; ignored points left out.

    Shapes: truth (P,), prediction (P,). Returns a value in 0..1, NaN when every point is ignored.
    """
    labelled = (truth >= 0) & (truth < num_classes)
    seen, guess = truth[labelled], prediction[labelled]
    valid = (guess >= 0) & (guess < num_classes)
    hit = np.bincount(seen[seen == guess], minlength=num_classes)
    union = np.bincount(seen, minlength=num_classes) + np.bincount(guess[valid], minlength=num_classes) - hit
    present = union > 0
    return float(np.mean(hit[present] / union[present])) if present.any() else math.nan
