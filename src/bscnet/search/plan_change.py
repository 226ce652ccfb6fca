"""Plans made of chance or of other plans: the controls of a search."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from bscnet.search.candidates import manual_shifts
from bscnet.search.plan import ShiftPlan
from bscnet.settings.words import PlanChange, chosen


def random_plan(layers: Iterable[str], groups: int, seed: int) -> ShiftPlan:
    """Shifts drawn from all 27 cells, for each layer other ones."""
    rng = random.Random(seed)
    return ShiftPlan({name: manual_shifts("random", groups, rng.randrange(2**32)) for name in layers})


def permuted(plan: ShiftPlan, seed: int) -> ShiftPlan:
    """The plan with its layers' rows dealt out anew: the same shifts in other layers."""
    rows = list(plan.shifts.values())
    random.Random(seed).shuffle(rows)
    return ShiftPlan(dict(zip(plan.shifts, rows, strict=True)))


def mirrored(plan: ShiftPlan) -> ShiftPlan:
    """The plan with every shift turned into its opposite."""
    return ShiftPlan({name: tuple((-x, -y, -z) for x, y, z in rows) for name, rows in plan.shifts.items()})


def changed(plan: ShiftPlan, change: PlanChange, seed: int = 0) -> ShiftPlan:
    """The plan as ``change`` says: ``none``, ``permuted`` (by the seed) or ``mirrored``.

    Raises:
        InputError: unknown change.
    """
    return chosen(_CHANGES, change, "plan_change")(plan, seed)


_CHANGES: dict[PlanChange, Callable[[ShiftPlan, int], ShiftPlan]] = {
    "none": lambda plan, seed: plan,
    "permuted": permuted,
    "mirrored": lambda plan, seed: mirrored(plan),
}
