"""Where the logits of a group's shifts come from: one for each shift, for each value of an axis, or for each orbit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from bscnet.errors import InputError
from bscnet.nn.orbits import ORBITS, orbit_of
from bscnet.settings.words import Logits
from bscnet.sparse.offsets import Shift

_SURE = 1e4  # log odds of a weight of 1: exp(-1e4) is 0 in every type


def log_odds(weight: float, choices: int) -> float:
    """The logit of one of ``choices`` alternatives that gives it this weight, the others' being 0; 1e4 for weight 1."""
    if choices == 1:
        return 0.0
    return _SURE if weight == 1 else math.log(weight * (choices - 1) / (1 - weight))


class FreeLogits(nn.Module):
    """A logit for each candidate.

    Args:
        candidates: the shifts that are searched.
        groups: number G of channel groups.
        start: a shift for each group that must be open to it; None: none in particular.

    Attributes:
        width: logits of a group: ``alpha`` is ``(G, width)``.
        options: the shifts open to each group, in the order of what ``forward`` gives.
    """

    def __init__(self, candidates: tuple[Shift, ...], groups: int, start: Sequence[Shift] | None = None) -> None:
        super().__init__()
        self.width = len(candidates)
        self.options: tuple[tuple[Shift, ...], ...] = (candidates,) * groups

    def forward(self, alpha: Tensor) -> Tensor:
        """``(G, n)`` logits of each group's options."""
        return alpha

    def spread(self, values: Tensor, absent: float = 0.0) -> Tensor:
        """``(G, n_s)`` from ``(G, n)``: values of options at their candidates, ``absent`` elsewhere."""
        return values

    def row(self, group: int, shift: Shift, weight: float) -> Tensor:
        """``(width,)`` logits that give a shift this weight (0 < weight <= 1) and all others the same.

        Raises:
            InputError: the shift is not open to the group.
        """
        row = torch.zeros(self.width)
        row[self._place(group, shift)] = log_odds(weight, self.width)
        return row

    def _place(self, group: int, shift: Shift) -> int:
        if shift not in self.options[group]:
            raise InputError(f"the search cannot start at shift {shift}, which is not among its candidates")
        return self.options[group].index(shift)


class FactorisedLogits(FreeLogits):
    """A logit for each value of each axis: ``pi_(x,y,z) = pi_x pi_y pi_z``; 9 logits for 27 shifts.

    ``alpha`` holds those of x = -1, 0, 1, then of y, then of z.

    Raises:
        InputError: the candidates are not all 27 shifts.
    """

    terms: Tensor

    def __init__(self, candidates: tuple[Shift, ...], groups: int, start: Sequence[Shift] | None = None) -> None:
        super().__init__(candidates, groups, start)
        _require_all(candidates, "factorised")
        self.width = 9
        places = [[3 * axis + value + 1 for axis, value in enumerate(shift)] for shift in candidates]
        self.register_buffer("terms", torch.tensor(places).T.contiguous(), persistent=False)

    def forward(self, alpha: Tensor) -> Tensor:
        """See ``FreeLogits``: the sum of a shift's three logits."""
        x, y, z = self.terms
        return alpha[:, x] + alpha[:, y] + alpha[:, z]

    def row(self, group: int, shift: Shift, weight: float) -> Tensor:
        """``(9,)`` logits that give each component of a shift the weight's cube root."""
        row = torch.zeros(self.width)
        for axis, value in enumerate(shift):
            row[3 * axis + value + 1] = log_odds(weight ** (1 / 3), 3)
        return row


class OrbitLogits(FreeLogits):
    """A logit for each of the 9 orbits: of every orbit one shift is open to a group, to its neighbours the next ones.

    Training turns scenes about z, so no horizontal direction is better than another: the search decides how high and
    how far a group looks, and its place among the groups in which direction.

    Raises:
        InputError: the candidates are not all 27 shifts.
    """

    places: Tensor

    def __init__(self, candidates: tuple[Shift, ...], groups: int, start: Sequence[Shift] | None = None) -> None:
        super().__init__(candidates, groups, start)
        _require_all(candidates, "orbits")
        self.width = len(ORBITS)
        begun = start or [ORBITS["level centre"][0]] * groups
        self.options = tuple(
            tuple(
                begun[group] if name == orbit_of(begun[group]) else shifts[group % len(shifts)]
                for name, shifts in ORBITS.items()
            )
            for group in range(groups)
        )
        self._count = len(candidates)
        places = [[candidates.index(shift) for shift in row] for row in self.options]
        self.register_buffer("places", torch.tensor(places), persistent=False)

    def spread(self, values: Tensor, absent: float = 0.0) -> Tensor:
        """See ``FreeLogits``."""
        return values.new_full((len(values), self._count), absent).scatter(1, self.places, values)


def _require_all(candidates: tuple[Shift, ...], name: str) -> None:
    if len(candidates) != 27:
        raise InputError(f"logits={name} is of all 27 shifts, but there are {len(candidates)} candidates")


SHIFT_LOGITS: dict[Logits, type[FreeLogits]] = {
    "free": FreeLogits,
    "factorised": FactorisedLogits,
    "orbits": OrbitLogits,
    "by_level": FreeLogits,  # shared by the layers of a level, which the network sees to
}
"""By name."""
