"""Tables of shifts: the candidates of the search and the hand-made plans of BSC-Manual."""

from __future__ import annotations

import itertools
import random

from bscnet.errors import InputError
from bscnet.search_names import ALPHA_INITS
from bscnet.sparse.offsets import Shift

_CORNERS: tuple[Shift, ...] = tuple(itertools.product((-1, 1), repeat=3))  # type: ignore[arg-type]
_FACES: tuple[Shift, ...] = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
_CENTRE: Shift = (0, 0, 0)
_ALL: tuple[Shift, ...] = tuple((x, y, z) for z in (-1, 0, 1) for y in (-1, 0, 1) for x in (-1, 0, 1))

# The centre comes first everywhere, so that a tie in the search keeps the plain convolution.
CANDIDATES: dict[str, tuple[Shift, ...]] = {
    "all27": (_CENTRE, *(s for s in _ALL if s != _CENTRE)),
    "corners9": (_CENTRE, *_CORNERS),
    "faces7": (_CENTRE, *_FACES),
}

MANUAL: dict[str, tuple[Shift, ...]] = {
    # Zero mean, so that stacked layers do not drift in one direction.
    "tetra4": ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)),
    "corners8": _CORNERS,
    "faces8": (_CENTRE, _CENTRE, *_FACES),
    "center_corners": (_CENTRE, *_CORNERS),
}


def candidate_shifts(name: str) -> tuple[Shift, ...]:
    """The candidate set called ``name``: ``(n_s, 3)``, centre first.

    Raises:
        InputError: unknown name.
    """
    if name not in CANDIDATES:
        raise InputError(f"cands is {name!r}; allowed are {', '.join(CANDIDATES)}")
    return CANDIDATES[name]


def manual_shifts(name: str, groups: int, seed: int = 0) -> tuple[Shift, ...]:
    """The hand-made matching positions called ``name`` for this many channel groups.

    Args:
        name: ``tetra4``, ``corners8``, ``faces8``, ``center_corners`` (tables of 4, 8, 8 and 9 groups), ``random``
            (drawn from all 27 cells) or ``none`` (no shift). ``random_per_layer`` is a plan of a whole network, see
            ``bscnet.search.random_plan``.
        groups: number of channel groups G.
        seed: of ``random``.

    Raises:
        InputError: unknown name, or a table of another number of groups.
    """
    if name == "none":
        return (_CENTRE,) * groups
    if name == "random":
        return tuple(random.Random(seed).choices(_ALL, k=groups))
    if name not in MANUAL:
        raise InputError(f"manual is {name!r}; allowed are {', '.join([*MANUAL, 'random', 'none'])}")
    if len(MANUAL[name]) != groups:
        raise InputError(f"manual={name} is a table of {len(MANUAL[name])} groups, but G is {groups}")
    return MANUAL[name]


def start_shifts(init: str, groups: int, seed: int = 0) -> tuple[Shift, ...] | None:
    """The shifts that a search starts near: None for ``uniform``, the centre, or the preset of that name.

    Raises:
        InputError: unknown name, or a table of another number of groups.
    """
    if init not in ALPHA_INITS:
        raise InputError(f"alpha_init is {init!r}; allowed are {', '.join(ALPHA_INITS)}")
    return None if init == "uniform" else manual_shifts("none" if init == "centre" else init, groups, seed)
