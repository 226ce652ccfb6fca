"""Plans made of chance or of other plans: the controls of a search."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from bscnet.search.candidates import manual_shifts
from bscnet.search.plan import ShiftPlan
from bscnet.settings.words import PlanChange, chosen


def random_plan(layers: Iterable[str], groups: int, seed: int) -> ShiftPlan:
    """Shifts drawn from all 27 cells, for each layer other ones.

    Examples:
        >>> from bscnet.search import random_plan
        >>> plan = random_plan(["a", "b"], groups=4, seed=0)
        >>> len(plan.shifts["a"]), plan.shifts["a"] == plan.shifts["b"]
        (4, False)
    """
    rng = random.Random(seed)
    return ShiftPlan({name: manual_shifts("random", groups, rng.randrange(2**32)) for name in layers})


def permuted(plan: ShiftPlan, seed: int) -> ShiftPlan:
    """The plan with its layers' rows dealt out anew: the same shifts in other layers.

    Examples:
        >>> from bscnet.search import ShiftPlan, permuted
        >>> plan = ShiftPlan({"a": ((0, 0, 1),), "b": ((1, 0, 0),)})
        >>> sorted(permuted(plan, seed=0).shifts.values()) == sorted(plan.shifts.values())
        True
    """
    rows = list(plan.shifts.values())
    random.Random(seed).shuffle(rows)
    return ShiftPlan(dict(zip(plan.shifts, rows, strict=True)))


def mirrored(plan: ShiftPlan) -> ShiftPlan:
    """The plan with every shift turned into its opposite.

    Examples:
        >>> from bscnet.search import ShiftPlan, mirrored
        >>> mirrored(ShiftPlan({"conv": ((0, 0, 1), (1, 0, 0))})).shifts["conv"]
        ((0, 0, -1), (-1, 0, 0))
    """
    return ShiftPlan({name: tuple((-x, -y, -z) for x, y, z in rows) for name, rows in plan.shifts.items()})


def changed(plan: ShiftPlan, change: PlanChange, seed: int = 0) -> ShiftPlan:
    """The plan as ``change`` says: ``none``, ``permuted`` (by the seed) or ``mirrored``.

    Raises:
        InputError: unknown change.

    Examples:
        >>> from bscnet.search import ShiftPlan, changed
        >>> changed(ShiftPlan({"conv": ((0, 0, 1), (1, 0, 0))}), "mirrored").shifts["conv"]
        ((0, 0, -1), (-1, 0, 0))
    """
    return chosen(_CHANGES, change, "plan_change")(plan, seed)


_CHANGES: dict[PlanChange, Callable[[ShiftPlan, int], ShiftPlan]] = {
    "none": lambda plan, seed: plan,
    "permuted": permuted,
    "mirrored": lambda plan, seed: mirrored(plan),
}
