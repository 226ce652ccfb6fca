"""What the page is told as data: the tables and settings by which `bscnet predict` reads, labels and draws a cloud."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bscnet.cli.prediction_report import model_note
from bscnet.clouds.class_names import class_comments
from bscnet.clouds.colors import NO_COLOUR
from bscnet.clouds.columns import AXES, COLOR_NAMES, COLORS, CONFIDENCE, LABELS, WIDE
from bscnet.clouds.formats.pcd.header import PADDING
from bscnet.clouds.formats.pcd.header import TYPES as PCD_TYPES
from bscnet.clouds.formats.pcd.packed import PACKED_NAMES
from bscnet.clouds.formats.ply import header as ply
from bscnet.clouds.formats.ply.types import NAMES
from bscnet.clouds.units import ANGLE, UNITS
from bscnet.clouds.writer import LABEL
from bscnet.errors import InputError
from bscnet.prediction.label_file import comment_of
from bscnet.prediction.labeller import Labeller
from bscnet.prediction.numbers import label_numbers
from bscnet.prediction.sample import MOST
from bscnet.runtime import load
from bscnet.shipped import model_file
from bscnet.viz.camera import AZIMUTH_OFF_AXIS_DEG, CEILING_M, ELEVATION_DEG, ROOM_HEIGHT_M, ROOM_WIDTH_M
from bscnet.viz.page.page import COLOURS
from bscnet.viz.palette import class_palette
from build_demo.las_rules import las_rules


def rules_of(model: str) -> dict[str, Any]:
    """The rules for a model that ships, by its name; values of JSON.

    Raises:
        InputError: no such model, or one that needs more of a point than its place and colour.
    """
    session = load(model_file(model), threads=1)
    labeller = Labeller(session)
    reading = labeller.reading
    # a visitor may leave out points without a place, which get a number too
    numbers = label_numbers(replace(reading, invalid_points="drop"), session.class_names)
    if labeller.features.measured:
        raise InputError(f"{model} needs {', '.join(labeller.features.measured)}: the page gives places and colours")
    palette = class_palette(session.num_classes).tolist()
    return {
        "model": model,
        "note": model_note(model).removeprefix("note: "),
        "classes": [{"name": name, "colour": shade} for name, shade in zip(session.class_names, palette, strict=True)],
        "labels": {
            "known": list(numbers.used),
            "none": numbers.none,
            "kind": numbers.of_class.dtype.str[1:],
            "comments": [comment_of(session), *class_comments(numbers.names)],
        },
        "reading": {"units": reading.units, "colors": reading.colors},
        "needsColours": "rgb" in labeller.features.names,
        "columns": {
            "axes": AXES,
            "colours": COLORS,
            "colourNames": COLOR_NAMES[1:],
            "wide": _by_first(WIDE),
            "labels": LABELS,
            "label": LABEL,
            "confidence": CONFIDENCE,
        },
        "units": UNITS,
        "angle": ANGLE,
        "ply": {"types": ply.TYPES, "orders": ply.ORDERS, "written": NAMES},
        "pcd": {
            "types": {kind: code.lstrip("<") for kind, code in PCD_TYPES.items()},
            "packed": PACKED_NAMES,
            "padding": PADDING,
        },
        "las": las_rules(),
        "view": {
            "most": MOST,
            "grey": NO_COLOUR,
            "elevation": math.radians(ELEVATION_DEG),
            "aside": math.radians(AZIMUTH_OFF_AXIS_DEG),
            "room": {"height": ROOM_HEIGHT_M, "width": ROOM_WIDTH_M, "ceiling": CEILING_M},
            "colours": COLOURS,
        },
    }


def _by_first(wide: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Names of fields of several values, best first, by the first column that they hold."""
    found: dict[str, list[str]] = {}
    for name, columns in wide.items():
        found.setdefault(columns[0], []).append(name)
    return found
