"""A sheet with a heading, pictures that have titles, and a legend, none of which touches another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bscnet.viz.fonts import letters

MARGIN = 20
"""Pixels between any two things on a sheet, and at its border."""

_HEADING, _TITLE, _LEGEND = 25, 22, 18
_LINE = 1.3
_SWATCH = 22
_MOST_COLUMNS = 8
_BORDER = (102, 102, 102)

Colour = tuple[int, int, int]


def compose(heading: str, panels: Mapping[str, NDArray[np.uint8]], legend: Sequence[tuple[str, Colour]]) -> Image.Image:
    """Put pictures of one size on a white sheet, two side by side, the first on the left.

    Args:
        heading: of the sheet; broken into lines where it is wider.
        panels: title and picture (H, W, 3) of each, at least one.
        legend: name and colour of its entries; none: there is no legend.
    """
    high, wide = next(iter(panels.values())).shape[:2]
    columns = min(2, len(panels))
    cell = max([wide, *(_width(title, _TITLE) for title in panels)])
    entry = max([0, *(_width(name, _LEGEND) for name, _ in legend)]) + _SWATCH + _LEGEND // 2
    width = max(columns * cell + (columns - 1) * MARGIN, entry if legend else 0)
    lines = _lines(heading, width)
    beside = max(1, min(_MOST_COLUMNS, len(legend), (width + MARGIN) // (entry + MARGIN)))
    title = round(_LINE * _TITLE)
    top = MARGIN + len(lines) * round(_LINE * _HEADING) + MARGIN
    rows = -(-len(panels) // columns)
    below = top + rows * (title + high + MARGIN)
    legend_rows = -(-len(legend) // beside)
    height = below + (legend_rows * round(_LINE * _SWATCH) + MARGIN if legend else 0)
    sheet = Image.new("RGB", (width + 2 * MARGIN, height), "white")
    pen = ImageDraw.Draw(sheet)
    middle = sheet.width / 2
    for number, line in enumerate(lines):
        _write(pen, (middle, MARGIN + (number + 0.5) * round(_LINE * _HEADING)), line, _HEADING, "mm")
    left = (sheet.width - columns * cell - (columns - 1) * MARGIN) // 2
    for number, (name, picture) in enumerate(panels.items()):
        x = left + (number % columns) * (cell + MARGIN)
        y = top + (number // columns) * (title + high + MARGIN)
        _write(pen, (x + cell / 2, y + title / 2), name, _TITLE, "mm")
        sheet.paste(Image.fromarray(picture), (x + (cell - wide) // 2, y + title))
    left = (sheet.width - beside * entry - (beside - 1) * MARGIN) // 2
    for number, (name, colour) in enumerate(legend):
        x = left + (number % beside) * (entry + MARGIN)
        y = below + (number // beside) * round(_LINE * _SWATCH)
        pen.rectangle((x, y + 4, x + _SWATCH, y + _SWATCH - 4), fill=colour, outline=_BORDER)
        _write(pen, (x + _SWATCH + _LEGEND // 2, y + _SWATCH / 2), name, _LEGEND, "lm")
    return sheet


def trimmed(pictures: Mapping[str, NDArray[np.uint8]]) -> dict[str, NDArray[np.uint8]]:
    """Pictures (H, W, 3) without the white border that all of them share."""
    inked = np.any([picture.min(axis=2) < 253 for picture in pictures.values()], axis=0)
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    if len(rows) == 0:
        return dict(pictures)
    part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    return {name: picture[part] for name, picture in pictures.items()}


def _lines(text: str, width: int) -> list[str]:
    """The text in lines that are not wider than `width` pixels, but for words that are."""
    lines: list[str] = []
    for word in text.split():
        if lines and _width(longer := f"{lines[-1]} {word}", _HEADING) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _width(text: str, pixels: int) -> int:
    return int(np.ceil(letters(pixels).getlength(text)))


def _write(pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str, pixels: int, anchor: str) -> None:
    font: ImageFont.FreeTypeFont = letters(pixels)
    pen.text(place, text, fill="black", font=font, anchor=anchor)
