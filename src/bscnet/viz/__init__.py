"""Pictures: labelled scenes drawn off screen, searched shifts, training curves.

Nothing here needs a screen. Names are loaded on first use: a page and a picture need neither matplotlib nor rich.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscnet.lazy import lazy_names

if TYPE_CHECKING:
    from bscnet.viz.curves import chain_curves, curves_figure, read_curves
    from bscnet.viz.palette import class_palette, colour_labels
    from bscnet.viz.pictures import labelled_picture, scene_picture
    from bscnet.viz.shifts import shift_norms, shift_summary, shift_table
    from bscnet.viz.splats import render_panels

__all__ = [
    "chain_curves",
    "class_palette",
    "colour_labels",
    "curves_figure",
    "labelled_picture",
    "read_curves",
    "render_panels",
    "scene_picture",
    "shift_norms",
    "shift_summary",
    "shift_table",
]

_MODULE_OF = {
    "chain_curves": "curves",
    "class_palette": "palette",
    "colour_labels": "palette",
    "curves_figure": "curves",
    "labelled_picture": "pictures",
    "read_curves": "curves",
    "render_panels": "splats",
    "scene_picture": "pictures",
    "shift_norms": "shifts",
    "shift_summary": "shifts",
    "shift_table": "shifts",
}

__getattr__ = lazy_names(__name__, _MODULE_OF)
