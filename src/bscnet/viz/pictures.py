"""One picture of one scene: input and labels, with truth and errors where they are known, and a legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from bscnet.viz.camera import Camera, frame_camera, open_room, point_spacing, view_direction
from bscnet.viz.offscreen import render_panels
from bscnet.viz.palette import CORRECT_COLOUR, ERROR_COLOUR, colour_errors, colour_labels, legend_entries

_PANEL_PIXELS = (1000, 720)
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
    timeout_s: float = 120.0,
) -> Path:
    """Write a PNG with the panels input, truth, prediction, errors, a legend of the classes present, and the mIoU.

    The scene is seen from above at an angle, with the ceiling and the near walls cut away, or with `towards`, a unit
    vector to the camera, from there and whole. Labels outside the classes
    (such as -100) are drawn dark grey and left out of the mIoU.

    Shapes: points (P, 3) metres, z up; colours (P, 3) uint8 RGB; truth (P,) and prediction (P,) class indices.

    Raises:
        ValueError: shapes disagree or there is no finite point.
        RenderError: this machine cannot render; the text says why.
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

    score = scene_miou(truth, prediction, len(class_names))
    drawn, direction = _drawn_points(points, towards)
    seen, guess = truth[drawn], prediction[drawn]
    panels = {
        "input": np.asarray(colours[drawn], dtype=np.uint8),
        "truth": colour_labels(seen, len(class_names)),
        "prediction": colour_labels(guess, len(class_names)),
        "errors": colour_errors(seen, guess, len(class_names)),
    }
    heading = f"mIoU of this scene {100 * score:.1f} %" if math.isfinite(score) else "no labelled point"
    legend = [*legend_entries([seen, guess], class_names), ("right", CORRECT_COLOUR), ("wrong", ERROR_COLOUR)]
    text = f"{title}: {heading}" if title else heading
    return _write_picture(Path(path_png), text, points[drawn], direction, panels, legend, timeout_s)


def labelled_picture(
    path_png: str | Path,
    points: NDArray[np.floating],
    colours: NDArray[np.uint8],
    labels: NDArray[np.integer],
    class_names: Sequence[str],
    *,
    title: str,
    towards: Sequence[float] | None = None,
    timeout_s: float = 120.0,
) -> Path:
    """Write a PNG with the cloud and its labels side by side and a legend of the classes present.

    Seen as in `scene_picture`. Shapes: points (P, 3) metres, z up, finite, P >= 1; colours (P, 3) uint8; labels (P,).

    Raises:
        RenderError: this machine cannot render; the text says why.
    """
    drawn, direction = _drawn_points(points, towards)
    shown = labels[drawn]
    panels = {"input": np.asarray(colours[drawn]), "labels": colour_labels(shown, len(class_names))}
    legend = legend_entries([shown], class_names)
    return _write_picture(Path(path_png), title, points[drawn], direction, panels, legend, timeout_s)


def cloud_picture(
    path_png: str | Path,
    points: NDArray[np.floating],
    colours: NDArray[np.uint8],
    *,
    title: str,
    towards: Sequence[float] | None = None,
    timeout_s: float = 120.0,
) -> Path:
    """Write a PNG of a cloud of which no labels are known.

    Seen as in `scene_picture`. Shapes: points (P, 3) metres, z up, finite, P >= 1; colours (P, 3) uint8.

    Raises:
        RenderError: this machine cannot render; the text says why.
    """
    drawn, direction = _drawn_points(points, towards)
    panels = {"input": np.asarray(colours[drawn])}
    return _write_picture(Path(path_png), title, points[drawn], direction, panels, [], timeout_s)


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
    timeout_s: float,
) -> Path:
    camera = frame_camera(points, towards, _PANEL_PIXELS[0] / _PANEL_PIXELS[1])
    pixels = _point_pixels(points, camera, _PANEL_PIXELS[1])
    images = render_panels(points, list(panels.values()), camera, _PANEL_PIXELS, pixels, timeout_s)
    figure = _compose(heading, list(panels), images, legend)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120, facecolor="white", bbox_inches="tight", pad_inches=0.12)
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


def _point_pixels(points: NDArray[np.floating], camera: Camera, height: int) -> float:
    """Size in pixels at which drawn points just close up: their spacing on the surfaces, as projected."""
    distance = float(np.linalg.norm(np.subtract(camera.eye, camera.centre)))
    pixels_per_m = height / (2 * distance * math.tan(math.radians(camera.view_angle / 2)))
    return float(np.clip(1.5 * point_spacing(points) * pixels_per_m, 2.0, 14.0))


def _trim(images: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
    """Cut the white border that all images share."""
    inked = np.any(np.stack([image.min(axis=2) < 0.99 for image in images]), axis=0)
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    if len(rows) == 0:
        return list(images)
    return [image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] for image in images]


def _compose(
    heading: str,
    names: Sequence[str],
    images: Sequence[NDArray[np.float32]],
    legend: Sequence[tuple[str, tuple[int, int, int]]],
) -> Figure:
    trimmed = _trim(images)
    aspect = trimmed[0].shape[0] / trimmed[0].shape[1]
    columns = min(2, len(images))
    rows = math.ceil(len(images) / columns)
    figure = Figure(figsize=(6.5 * columns, 6.5 * rows * aspect + 1.4), layout="constrained")
    figure.suptitle(heading, fontsize=15)
    for axes, name, image in zip(figure.subplots(rows, columns, squeeze=False).flat, names, trimmed, strict=True):
        axes.imshow(image, interpolation="antialiased")
        axes.set_title(name, fontsize=13)
        axes.set_axis_off()
    handles = [
        Patch(facecolor=(red / 255, green / 255, blue / 255), edgecolor="0.4", linewidth=0.5, label=name)
        for name, (red, green, blue) in legend
    ]
    if handles:
        columns = min(8, len(handles))
        figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False, fontsize=11)
    return figure
