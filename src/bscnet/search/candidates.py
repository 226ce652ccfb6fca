"""Tables of shifts: the candidates of the search and the hand-made plans of BSC-Manual."""

from __future__ import annotations

import itertools
import random
from typing import Literal

from bscnet.errors import InputError
from bscnet.settings.words import AlphaInit, Candidates, Preset, chosen, require_word
from bscnet.sparse.offsets import Shift

Uniform = Literal[Preset, "random", "none"]
"""Shifts that are the same in all layers."""

_CORNERS: tuple[Shift, ...] = tuple(itertools.product((-1, 1), repeat=3))  # type: ignore[arg-type]
_FACES: tuple[Shift, ...] = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
_CENTRE: Shift = (0, 0, 0)
_ALL: tuple[Shift, ...] = tuple((x, y, z) for z in (-1, 0, 1) for y in (-1, 0, 1) for x in (-1, 0, 1))

# The centre comes first everywhere, so that a tie in the search keeps the plain convolution.
CANDIDATES: dict[Candidates, tuple[Shift, ...]] = {
    "all27": (_CENTRE, *(s for s in _ALL if s != _CENTRE)),
    "corners9": (_CENTRE, *_CORNERS),
    "faces7": (_CENTRE, *_FACES),
}

MANUAL: dict[Preset, tuple[Shift, ...]] = {
    # Zero mean, so that stacked layers do not drift in one direction.
    "tetra4": ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)),
    "corners8": _CORNERS,
    "faces8": (_CENTRE, _CENTRE, *_FACES),
    "center_corners": (_CENTRE, *_CORNERS),
}


def candidate_shifts(name: Candidates) -> tuple[Shift, ...]:
    """The candidate set called ``name``: ``(n_s, 3)``, centre first.

    Raises:
        InputError: unknown name.

    Examples:
        >>> from bscnet.search import candidate_shifts
        >>> len(candidate_shifts("all27")), candidate_shifts("all27")[0]
        (27, (0, 0, 0))
    """
    return chosen(CANDIDATES, name, "cands")


def manual_shifts(name: Uniform, groups: int, seed: int = 0) -> tuple[Shift, ...]:
    """The hand-made matching positions called ``name`` for this many channel groups.

    Args:
        name: ``tetra4``, ``corners8``, ``faces8``, ``center_corners`` (tables of 4, 8, 8 and 9 groups), ``random``
            (drawn from all 27 cells) or ``none`` (no shift). ``random_per_layer`` is a plan of a whole network, see
            ``bscnet.search.random_plan``.
        groups: number of channel groups G.
        seed: of ``random``.

    Raises:
        InputError: unknown name, or a table of another number of groups.

    Examples:
        >>> from bscnet.search import manual_shifts
        >>> manual_shifts("tetra4", 4)
        ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))
    """
    if name == "none":
        return (_CENTRE,) * groups
    if name == "random":
        return tuple(random.Random(seed).choices(_ALL, k=groups))
    require_word(Uniform, name, "manual")
    table = MANUAL[name]
    if len(table) != groups:
        raise InputError(f"manual={name} is a table of {len(table)} groups, but G is {groups}")
    return table


def start_shifts(init: AlphaInit, groups: int, seed: int = 0) -> tuple[Shift, ...] | None:
    """The shifts that a search starts near: None for ``uniform``, the centre, or the preset of that name.

    Raises:
        InputError: unknown name, or a table of another number of groups.

    Examples:
        >>> from bscnet.search import start_shifts
        >>> start_shifts("uniform", 2) is None, start_shifts("centre", 2)
        (True, ((0, 0, 0), (0, 0, 0)))
    """
    require_word(AlphaInit, init, "alpha_init")
    return None if init == "uniform" else manual_shifts("none" if init == "centre" else init, groups, seed)
