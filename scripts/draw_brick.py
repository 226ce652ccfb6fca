"""Draws docs/brick.png: sites in bricks, a brick's block, and the windows of one site in it.

python scripts/draw_brick.py
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

TARGET = Path(__file__).resolve().parent.parent / "docs" / "brick.png"
EDGE, REACH = 4, 2  # of a brick, and of its block beyond it
# A surface seen in section, in a field of 3 x 3 bricks.
HEIGHTS = ((2,), (2,), (3,), (3, 4), (4,), (5,), (5, 6), (5,), (6,), (6,), (7,), (8,))
SITES = {(x, y) for x, heights in enumerate(HEIGHTS) for y in heights}
BRICK = (4, 4)  # the corner of the one that is worked on
HERE = (6, 5)  # the site whose windows are shown
SHIFT = (1, 0)
SITE, OTHER, FRAME, WINDOW, SHIFTED = "#4c78a8", "#c9d3de", "#3b3b3b", "#d1495b", "#f2a541"


def morton(cell: tuple[int, int]) -> int:
    """The place of a cell along the curve: its coordinates' bits in turn."""
    return sum((cell[0] >> bit & 1) << 2 * bit | (cell[1] >> bit & 1) << (2 * bit + 1) for bit in range(4))


def square(axes: Axes, corner: tuple[int, int], edge: int, colour: str, width: float, style: str = "-") -> None:
    place = (corner[0] - 0.5, corner[1] - 0.5)
    axes.add_patch(Rectangle(place, edge, edge, fill=False, edgecolor=colour, linewidth=width, linestyle=style))


def window(axes: Axes, centre: tuple[int, int], colour: str, name: str, above: float) -> None:
    square(axes, (centre[0] - 1, centre[1] - 1), 3, colour, 2.6)
    axes.annotate(name, (centre[0], centre[1] + above), color=colour, fontsize=10, ha="center", va="center")


def draw_sites(axes: Axes, shown: set[tuple[int, int]], numbers: bool) -> None:
    order = {cell: row for row, cell in enumerate(sorted(SITES, key=morton))}
    for cell in SITES & shown:
        own = all(BRICK[axis] <= cell[axis] < BRICK[axis] + EDGE for axis in (0, 1))
        axes.add_patch(Rectangle((cell[0] - 0.44, cell[1] - 0.44), 0.88, 0.88, facecolor=SITE if own else OTHER))
        if numbers:
            colour = "white" if own else "black"
            axes.text(*cell, str(order[cell]), color=colour, fontsize=9, ha="center", va="center")


def main() -> None:
    figure = Figure(figsize=(11, 4.3), layout="constrained")
    field, block, windows = figure.subplots(1, 3)
    everywhere = {(x, y) for x in range(12) for y in range(12)}
    draw_sites(field, everywhere, numbers=True)
    for x in range(0, 12, EDGE):
        for y in range(0, 12, EDGE):
            square(field, (x, y), EDGE, FRAME, 0.8)
    square(field, BRICK, EDGE, FRAME, 2.4)
    field.set_title("sites in bricks; numbers: their rows", fontsize=11)

    corner = (BRICK[0] - REACH, BRICK[1] - REACH)
    near = {(corner[0] + x, corner[1] + y) for x in range(8) for y in range(8)}
    for axes in (block, windows):
        for cell in near:
            square(axes, cell, 1, OTHER, 0.6)
        square(axes, corner, EDGE + 2 * REACH, FRAME, 1.6, "--")
        square(axes, BRICK, EDGE, FRAME, 2.4)
    draw_sites(block, near, numbers=True)
    block.set_title("the block of one brick", fontsize=11)
    draw_sites(windows, near, numbers=False)
    windows.plot(*HERE, "o", color="white", markersize=6)
    window(windows, HERE, WINDOW, "no shift", 1.9)
    window(windows, (HERE[0] - SHIFT[0], HERE[1] - SHIFT[1]), SHIFTED, f"p = ({SHIFT[0]}, {SHIFT[1]})", -1.9)
    windows.set_title("two windows of the site with the dot", fontsize=11)
    for axes in (field, block, windows):
        axes.set_aspect("equal")
        axes.set_axis_off()
        axes.autoscale_view()
    figure.savefig(TARGET, dpi=110)


if __name__ == "__main__":
    main()
