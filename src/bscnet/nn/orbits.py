"""The nine kinds of shifts that turning a scene about z and mirroring it leave apart."""

from __future__ import annotations

from bscnet.sparse.offsets import Shift

_HEIGHTS = {-1: "below", 0: "level", 1: "above"}
_REACHES = ("centre", "side", "diagonal")
# Opposite directions follow each other, so that groups that take them in turn do not drift.
_DIRECTIONS = (((0, 0),), ((1, 0), (-1, 0), (0, 1), (0, -1)), ((1, 1), (-1, -1), (1, -1), (-1, 1)))

ORBITS: dict[str, tuple[Shift, ...]] = {
    f"{_HEIGHTS[z]} {reach}": tuple((x, y, z) for x, y in directions)
    for z in (0, -1, 1)
    for reach, directions in zip(_REACHES, _DIRECTIONS, strict=True)
}
"""The shifts of each orbit: z is -1 (below), 0 (level) or 1 (above), the direction none, a side or a diagonal."""

_ORBIT_OF = {shift: name for name, shifts in ORBITS.items() for shift in shifts}


def orbit_of(shift: Shift) -> str:
    """The orbit of a shift, a key of ``ORBITS``.

    Examples:
        >>> from bscnet.nn import orbit_of
        >>> orbit_of((0, 0, 0)), orbit_of((1, 0, 0)), orbit_of((0, -1, 1))
        ('level centre', 'level side', 'above side')
    """
    return _ORBIT_OF[shift]
