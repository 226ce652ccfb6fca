"""What a network asks of the sites of each level, told to the processes that can make it beforehand."""

from __future__ import annotations

import torch

from bscnet.sparse.limits import AXIS_BITS

Form = tuple[str, int]
"""A kernel map in the form that an operator reads it, and its kernel size."""

FORMS: dict[str, tuple[Form, ...]] = {
    "torch": (
        ("counts", 5),  # before what is made of the same table: blocks alone need it no longer
        ("blocks", 3),
        ("blocks", 5),
        ("pairs", 5),
        ("stride", 2),
        ("children", 2),
        ("by_cell", 2),
    ),
    "native": (("map", 3), ("map", 5), ("map", 2), ("map", -2), ("links", 2)),
}
"""Of each backend the forms that can be made beforehand, in the order in which they are made; no two share a name. The
maps of the native backend go by the kinds of `bscnet.sparse.native.maps`."""

_COLUMNS = {form: column for column, form in enumerate(form for forms in FORMS.values() for form in forms)}
_LEVELS = AXIS_BITS + 1


class MapRequests:
    """The forms that were asked for at each level, in memory that this process shares with those it starts.

    A network asks for the same forms in every step, so whoever loads the next batch makes what was asked for so far.
    Made before the other processes are started and handed to them; only `add` changes it, in any of them.
    """

    def __init__(self) -> None:
        self._asked = torch.zeros((_LEVELS, len(_COLUMNS)), dtype=torch.uint8).share_memory_()
        self._known: set[tuple[int, Form]] = set()

    def add(self, level: int, form: Form) -> None:
        """Note a form at a level; forms that are not among FORMS are never made beforehand."""
        if (level, form) not in self._known and form in _COLUMNS:
            self._known.add((level, form))
            self._asked[level, _COLUMNS[form]] = 1

    def wanted(self, backend: str) -> list[list[Form]]:
        """A backend's forms of each level from the finest on, as far down as any was asked for."""
        rows = [[form for form in FORMS[backend] if row[_COLUMNS[form]]] for row in self._asked.tolist()]
        while rows and not rows[-1]:
            rows.pop()
        return rows
