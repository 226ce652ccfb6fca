"""NumPy's NPZ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bscnet.clouds.columns import AXES, COLORS, WIDE
from bscnet.clouds.fields import Field, Rows
from bscnet.clouds.file import CHUNK_POINTS, CloudFile
from bscnet.clouds.formats.npz.members import Member, members_of, rows_of
from bscnet.errors import InputError


class NpzFile(CloudFile):
    """Arrays of one row a point: `points` (P, 3) or `x`, `y`, `z` (P,), `colors` (P, 3) or (P, 4), and any others.

    Other spellings of `points` and `colors` are those of `columns.WIDE`; (P, 1) is as good as (P,). Arrays that hold no
    numbers, or are not one row a point (poses, names, strings, objects), are left alone; nothing is ever unpickled.

    Arrays are read a part at a time, whether they are deflated or not; one of several values a point that is stored in
    Fortran's order is held whole.

    Args:
        path: of the file.

    Raises:
        InputError: as of `open_cloud`; there are no points, or an array that must be of theirs has another shape.
    """

    def __init__(self, path: Path) -> None:
        self.members = members_of(path)
        count = _count(path, self.members)
        self._of_points = {one.name: one for one in self.members if _is_column(one, count)}
        _check_shapes(path, self.members, count)
        fields = (
            Field(one.name, one.dtype.newbyteorder("="), one.shape[1:] if one.shape[1:] != (1,) else ())
            for one in self._of_points.values()
        )
        super().__init__(path, count, tuple(fields))
        self.beside = tuple(f"the array '{one.name}'" for one in self.members if one.name not in self._of_points)

    @property
    def whole_chunk(self) -> int:
        """A part of the points."""
        return min(self.count, CHUNK_POINTS)

    def _rows(self, size: int, names: frozenset[str]) -> Iterator[Rows]:
        members = [one for name, one in self._of_points.items() if name in names]
        first = 0
        for parts in rows_of(self.path, members, self.count, size):
            fields = {
                one.name: part[:, 0] if one.shape[1:] == (1,) else part
                for one, part in zip(members, parts, strict=True)
            }
            yield Rows(first, fields)
            first += len(parts[0])


def _count(path: Path, members: Sequence[Member]) -> int:
    """How many points there are, by the arrays that hold their places."""
    single = {one.name.lower(): one for one in members}
    if all(axis in single for axis in AXES):
        x = single[AXES[0]]
        if not x.shape:
            raise _wrong_shape(path, x, "(P,)")
        return x.shape[0]
    wide = _triples(members, AXES)
    if not wide:
        known = ", ".join(one.name for one in members) or "no arrays"
        raise InputError(f"{path}: the array 'points' (P, 3) is missing, there are {known[:200]}")
    found = next((one for one in wide if len(one.shape) == 2 and one.shape[1] == 3), None)
    if found is None:
        raise _wrong_shape(path, wide[0], "(P, 3)")
    return found.shape[0]


def _triples(members: Sequence[Member], meaning: tuple[str, ...]) -> list[Member]:
    """The arrays that are x, y, z or red, green, blue by their names, best first."""
    order = list(WIDE)
    found = [one for one in members if WIDE.get(one.name.lower()) == meaning]
    return sorted(found, key=lambda one: order.index(one.name.lower()))


def _is_column(member: Member, count: int) -> bool:
    """Whether an array has one row of numbers a point."""
    shape = member.shape
    return member.holds_numbers and 1 <= len(shape) <= 2 and shape[0] == count and (len(shape) == 1 or shape[1] > 0)


def _check_shapes(path: Path, members: Sequence[Member], count: int) -> None:
    """See that the arrays that are points' and colours' by their names are of use."""
    names = {one.name.lower() for one in members}
    for meaning, shapes in ((AXES, [(count, 3)]), (COLORS, [(count, 3), (count, 4)])):
        if all(single in names for single in meaning):
            for member in (one for one in members if one.name.lower() in meaning):
                _check_numbers(path, member)
                if member.shape not in ((count,), (count, 1)):
                    raise _wrong_shape(path, member, f"({count},)")
            continue
        triples = [one for one in _triples(members, meaning) if len(one.shape) != 1 or not one.holds_numbers]
        if triples and not any(one.shape in shapes and one.holds_numbers for one in triples):
            _check_numbers(path, triples[0])
            raise _wrong_shape(path, triples[0], " or ".join(str(shape) for shape in shapes))


def _check_numbers(path: Path, member: Member) -> None:
    if not member.holds_numbers:
        kind = "Python objects" if member.dtype.hasobject else str(member.dtype)
        raise InputError(f"{path}: the array '{member.name[:40]}' holds {kind}, it must hold numbers")


def _wrong_shape(path: Path, member: Member, needed: str) -> InputError:
    return InputError(f"{path}: the array '{member.name[:40]}' has shape {member.shape}, {needed} is needed")
