"""Which row a cell of a row's neighbourhood is."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import triton
import triton.language as tl

from bscnet.sparse.tiles import entries, reading

RUNS = tl.constexpr(reading.RUNS)
CHILDREN = tl.constexpr(reading.CHILDREN)
PARENTS = tl.constexpr(reading.PARENTS)
SELF = tl.constexpr(reading.SELF)
PLACE_MASK = tl.constexpr((1 << entries.PLACE_BITS) - 1)
PLACE_BITS = tl.constexpr(entries.PLACE_BITS)
SLICE_MASK = tl.constexpr((1 << entries.SLICE_BITS) - 1)
GROUP_AT = tl.constexpr(entries.GROUP_AT)
ONE_GROUP = tl.constexpr(reading.ONE_GROUP)
EVEN_GROUPS = tl.constexpr(reading.EVEN_GROUPS)


@triton.jit
def split_entry(entry):
    """Place, slice and group of an entry."""
    return entry & PLACE_MASK, (entry >> PLACE_BITS) & SLICE_MASK, entry >> GROUP_AT


@triton.jit
def table_word(table, row, valid, place, rows, KIND: tl.constexpr, SIDE: tl.constexpr):
    """The word that says what a row has at a place; shapes broadcast. Absent where not valid."""
    if KIND == RUNS:
        margin: tl.constexpr = (5 - SIDE) // 2
        run = ((place >> 6) - margin) * SIDE + ((place >> 3) & 7) - margin
        return tl.load(table + row.to(tl.int64) * (SIDE * SIDE) + run, mask=valid, other=0)
    elif KIND == CHILDREN:
        return tl.load(table + place.to(tl.int64) * rows + row, mask=valid, other=-1)
    else:
        return tl.load(table + row, mask=valid, other=-1)


@triton.jit
def has(word, place, KIND: tl.constexpr, SIDE: tl.constexpr):
    """Whether a word of `table_word` holds its place."""
    if KIND == RUNS:
        return ((word >> ((place & 7) - (5 - SIDE) // 2)) & 1) != 0
    elif KIND == CHILDREN:
        return word >= 0
    else:
        return ((word & 7) == place) & (word >= 0)


@triton.jit
def source_row(word, place, present, order, KIND: tl.constexpr, SIDE: tl.constexpr, ORDERED: tl.constexpr):
    """The row that a word of `table_word` names for its place, where it is present."""
    if KIND == RUNS:
        # Cells of the run that are there before this one, at most four, counted two by two.
        below = word & ((1 << ((place & 7) - (5 - SIDE) // 2)) - 1)
        below = (below & 5) + ((below >> 1) & 5)
        at = ((word >> 5) & 0x7FFFFFF) + (below & 3) + (below >> 2)
        if ORDERED:
            return at
        else:
            return tl.load(order + at, mask=present, other=0)
    elif KIND == CHILDREN:
        return word
    else:
        return word >> 3


@triton.jit
def group_columns(group, width, wider, GROUPING: tl.constexpr):
    """First channel of a group and how many it has; the first ``wider`` groups have one more than ``width``.

    That they begin at a multiple of the width lets whole vectors be loaded.
    """
    if GROUPING == ONE_GROUP:
        return 0, width
    elif GROUPING == EVEN_GROUPS:
        return group * width, width
    else:
        return group * width + tl.minimum(group, wider), width + (group < wider).to(tl.int32)
