"""Writing the page: the viewer's own files, the scene's numbers and its points, all in one HTML file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bscnet.viz.camera import ceiling_height, is_room, point_spacing, view_direction
from bscnet.viz.page.payload import pack
from bscnet.viz.page.scene import PageScene
from bscnet.viz.page.summary import class_rows, mean_iou
from bscnet.viz.page.template import filled, head, part, shown
from bscnet.viz.palette import CONFIDENCE_COLOURS, CORRECT_COLOUR, ERROR_COLOUR, IGNORE_COLOUR
from bscnet.whole_file import written_whole

SCRIPTS = (
    "vectors.js", "cloud.js", "camera.js", "modes.js", "walls.js",
    "drawing.js", "controls.js", "panel.js", "sharing.js", "viewer.js",
)  # fmt: skip
"""The viewer's parts in the order in which they are joined; what starts it comes behind them."""

COLOURS = {"right": CORRECT_COLOUR, "wrong": ERROR_COLOUR, "ignored": IGNORE_COLOUR, "ramp": CONFIDENCE_COLOURS}
"""What of a scene's description is the same for all: the colours beside those of the classes."""

_SEED = 0


def write_page(path: str | Path, scene: PageScene, max_points: int = 300_000) -> Path:
    """Write a self-contained HTML page that shows `scene` and can be turned; returns its path.

    It needs a browser with WebGL2 and nothing else: it opens from disk and asks no network for anything, which its own
    content security policy forbids. Of more than `max_points` points a random subset is drawn, the same at every call,
    and the page says so; all numbers count all points.

    Raises:
        ValueError: `max_points` is less than one.
        InputError: the file cannot be written.
    """
    if max_points < 1:
        raise ValueError(f"max_points is {max_points}; at least 1 is needed")
    kept = np.arange(len(scene.points))
    if len(kept) > max_points:
        kept = np.sort(np.random.default_rng(_SEED).choice(len(kept), max_points, replace=False))
    description, payload = _description(scene, kept), ""
    description["layout"], payload = pack(scene, kept)
    style, script = part("viewer.css"), viewer_script() + part("start.js")
    text = filled(
        part("viewer.html"),
        {
            "head": head(scene.name, style, script=script),
            "view": view(scene.name),
            "script": script,
            "scene": json_text(description),
            "points": payload,
        },
    )
    path = Path(path)
    with written_whole(path) as stream:
        stream.write(text.encode("ascii"))  # read the same wherever it is embedded, as the script's hash demands
    return path


def _description(scene: PageScene, kept: npt.NDArray[np.intp]) -> dict[str, Any]:
    """Everything but the points themselves, for the page's JSON."""
    points = scene.points[kept]
    rows = class_rows(scene)
    room = is_room(points)
    top = float(points[:, 2].max())
    return {
        "name": scene.name,
        "facts": dict(scene.facts),
        "total": len(scene.points),
        "classes": rows,
        "miou": mean_iou(rows),
        "towards": view_direction(points).tolist() if scene.towards is None else list(scene.towards),
        "room": room,
        "ceiling": min(top, ceiling_height(points)) if room else top,
        "floor": float(np.percentile(points[:, 2], 1)),
        "spacing": point_spacing(points),
        **COLOURS,
    }


def viewer_script() -> str:
    """The viewer, to which what starts it is joined: it calls `fillFacts(scene)` and `show(scene, cloud, signal)`."""
    return '"use strict";\n' + "".join(map(part, SCRIPTS))


def view(title: str) -> str:
    """The elements that the viewer fills, under a title as it is to be read."""
    return filled(part("view.html"), {"title": shown(title)})


def json_text(value: Any) -> str:
    """JSON that cannot end the script element it stands in, whatever the names are."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
