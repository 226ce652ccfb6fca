"""Searches colours that look as different from each other as they can, and prints them for `bscnet.viz.palette`.

python scripts/search_palette.py          about two minutes of CPU; the same colours every time
"""

from __future__ import annotations

import numpy as np

from bscnet.viz.palette import CORRECT_COLOUR, ERROR_COLOUR, IGNORE_COLOUR, SCANNET_COLOURS
from colour_vision import SIGHTS, Values, ciede2000, lab

FIRST, ALL = 20, 40
"""The first ones are chosen together; the others are added one by one."""

WEIGHTS = {"normal": 1.0, "protanopia": 2.5, "deuteranopia": 2.5, "tritanopia": 2.5}
"""A difference that a dichromat sees counts for so much: with all alike, normal sight would lose much for little."""

KEPT = SCANNET_COLOURS[:2]
"""Walls and floors, which are most of a room, keep the pale colours that ScanNet gave them."""

_STEP = 17
_LIGHTNESS = (32, 90)
"""Neither lost on white nor taken for black once shaded."""
_CHROMA = 90
"""What is stronger outshines everything else."""
_TRIES = 40


def differences(colours: np.ndarray, others: np.ndarray) -> Values:
    """The least weighted difference over all sights, (N, M)."""
    found = np.full((len(colours), len(others)), np.inf)
    for sight in SIGHTS:
        one, other = lab(colours, sight), lab(others, sight)
        for row in range(len(one)):  # rows, lest all pairs at once fill the memory
            np.minimum(found[row], WEIGHTS[sight] * ciede2000(one[row][None], other), out=found[row])
    return found


def chosen_together(between: Values, given: Values, rng: np.random.Generator) -> tuple[list[int], float]:
    """The missing candidates with the largest least difference that exchanges of one at a time lead to.

    between: (N, N) differences of the candidates; given: (N,) of each from the colours that are there already.
    """
    missing = FIRST - len(KEPT)
    chosen = rng.choice(len(given), missing, replace=False).tolist()
    while True:
        apart = between[np.ix_(chosen, chosen)] + np.diag(np.full(missing, np.inf))
        nearest = np.minimum(apart.min(axis=1), given[chosen])
        best = float(nearest.min())
        for place in np.argsort(nearest):
            others = [number for k, number in enumerate(chosen) if k != place]
            room = np.minimum(between[others].min(axis=0), given)
            better = int(room.argmax())
            if room[better] > nearest[place] + 1e-9:
                chosen[place] = better
                break
        else:
            return chosen, best


def main() -> None:
    """Print the palette."""
    levels = np.arange(0, 256, _STEP)
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    seen = lab(grid)
    chroma = np.hypot(seen[:, 1], seen[:, 2])
    grid = grid[(seen[:, 0] > _LIGHTNESS[0]) & (seen[:, 0] < _LIGHTNESS[1]) & (chroma < _CHROMA)]
    between = differences(grid, grid)
    # a legend has the colours of errors and of no class too, and the paper is white
    beside = [IGNORE_COLOUR, CORRECT_COLOUR, ERROR_COLOUR, (255, 255, 255)]
    given = differences(grid, np.array([*KEPT, *beside])).min(axis=1)
    rng = np.random.default_rng(0)
    chosen, _ = max((chosen_together(between, given, rng) for _ in range(_TRIES)), key=lambda found: found[1])
    # always next the one that differs most, so that a few classes differ more than many
    room, order = differences(grid, np.array(KEPT)).min(axis=1), []
    while len(order) < ALL - len(KEPT):
        pool = np.array(chosen if len(order) < len(chosen) else range(len(grid)))
        order.append(int(pool[room[pool].argmax()]))
        room = np.minimum(room, between[order[-1]])
        if len(order) == len(chosen):
            room = np.minimum(room, given)
    for red, green, blue in [*KEPT, *grid[order].tolist()]:
        print(f"    ({red}, {green}, {blue}),")


if __name__ == "__main__":
    main()
