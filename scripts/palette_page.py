"""Fills the table of palettes in docs/look.md: how much their closest colours differ, by who looks.

python scripts/palette_page.py
"""

from __future__ import annotations

from pathlib import Path

from bscnet.settings.words import PaletteName, words
from bscnet.viz.markdown import table as markdown_table
from bscnet.viz.palette import class_palette
from colour_vision import SIGHTS, smallest_difference
from configuration_page import filled

PAGE = Path(__file__).resolve().parent.parent / "docs" / "look.md"
MARK = "palettes"
COUNTS = (20, 40)


def table() -> str:
    """A row for each palette and number of classes."""
    rows = [
        [name, str(count), *(f"{smallest_difference(class_palette(count, name), sight):.1f}" for sight in SIGHTS)]
        for count in COUNTS
        for name in words(PaletteName)
    ]
    return "\n".join(markdown_table(["`palette`", "classes", *SIGHTS], rows, left=1))


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), MARK, table()), encoding="utf-8")
