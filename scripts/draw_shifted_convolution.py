"""Draws docs/shifted_convolution.png: which sites a group of output channels reads, without and with a shift.

python scripts/draw_shifted_convolution.py
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

TARGET = Path(__file__).resolve().parent.parent / "docs" / "shifted_convolution.png"
# A surface seen in section; the output site is (0, 0).
SITES = {(-3, -1), (-2, -1), (-1, 0), (0, 0), (1, 1), (2, 1), (2, 2), (3, 2)}
PANELS = (
    ("SSC: every group", (0, 0)),
    ("SFSC: group 1", (-1, -1)),
    ("SFSC: group 2", (1, 0)),
    ("SFSC: group 3", (1, 1)),
)
READ, ACTIVE, WINDOW, HERE = "#4c78a8", "#c9d3de", "#f2a541", "#d1495b"


def draw(axes: Axes, title: str, shift: tuple[int, int]) -> None:
    """One panel: cell `shift` of the 3x3 kernel lies on the output site, so the kernel's centre lies at -shift."""
    centre = (-shift[0], -shift[1])
    window = {(centre[0] + x, centre[1] + y) for x in (-1, 0, 1) for y in (-1, 0, 1)}
    for x, y in SITES:
        colour = READ if (x, y) in window else ACTIVE
        axes.add_patch(Rectangle((x - 0.42, y - 0.42), 0.84, 0.84, facecolor=colour))
    for x, y in window:
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, edgecolor=WINDOW, linewidth=0.8))
    axes.add_patch(Rectangle((centre[0] - 1.5, centre[1] - 1.5), 3, 3, fill=False, edgecolor=WINDOW, linewidth=2.2))
    axes.plot(*centre, "x", color=WINDOW, markersize=7, markeredgewidth=2)
    axes.plot(0, 0, "o", color=HERE, markersize=6)
    axes.set_title(f"{title}, p = ({shift[0]}, {shift[1]})", fontsize=10)
    axes.set_xlim(-3.7, 3.7)
    axes.set_ylim(-2.7, 2.9)
    axes.set_aspect("equal")
    axes.set_axis_off()


def main() -> None:
    figure = Figure(figsize=(11, 2.9), layout="constrained")
    for axes, (title, shift) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        draw(axes, title, shift)
    figure.supxlabel(
        "section through a surface: grey and blue cells are active sites, blue ones are read; dot: the site that is "
        "written; frame and cross: the 3x3 kernel and its centre",
        fontsize=9,
    )
    TARGET.parent.mkdir(exist_ok=True)
    figure.savefig(TARGET, dpi=110)


if __name__ == "__main__":
    main()
