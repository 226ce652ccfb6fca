"""Making kernel maps: keys of sites, runs along z, and the step to the coarser level."""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import triton
import triton.language as tl

from bscnet.sparse import coordinates

HALF = tl.constexpr(1 << (coordinates.AXIS_BITS - 1))
AXIS_BITS = tl.constexpr(coordinates.AXIS_BITS)
NO_KEY = tl.constexpr((1 << 63) - 1)


@triton.jit(do_not_specialize=["rows"])
def site_keys(coords, order, keys, rows, HALVED: tl.constexpr, ORDERED: tl.constexpr, BLOCK: tl.constexpr):
    """Key of each site in turn, `bscnet.sparse.coordinates.coordinate_keys`; HALVED: that of its parent."""
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    valid = place < rows
    row = place
    if not ORDERED:
        row = tl.load(order + place, mask=valid, other=0)
    at = coords + row.to(tl.int64) * 4
    key = tl.load(at, mask=valid, other=0).to(tl.int64)
    for axis in tl.static_range(1, 4):
        component = tl.load(at + axis, mask=valid, other=0)
        if HALVED:
            component = component >> 1
        key = (key << AXIS_BITS) + (component + HALF)
    tl.store(keys + place, key, mask=valid)


@triton.jit(do_not_specialize=["rows", "digits"])
def find_runs(keys, order, runs, rows, digits, SIDE: tl.constexpr, ORDERED: tl.constexpr, BLOCK: tl.constexpr):
    """Runs of each site, from sorted keys. Grid: (blocks, runs); ``digits``: binary digits of ``rows``."""
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    valid = place < rows
    row = place
    if not ORDERED:
        row = tl.load(order + place, mask=valid, other=0)
    reach: tl.constexpr = SIDE // 2
    key = tl.load(keys + place, mask=valid, other=0)
    run = tl.program_id(1)
    step_x = (run // SIDE - reach).to(tl.int64) << (2 * AXIS_BITS)
    step_y = (run % SIDE - reach).to(tl.int64) << AXIS_BITS
    wanted = key + step_x + step_y - reach
    # How many keys are smaller, digit by digit from the highest.
    below = tl.zeros((BLOCK,), dtype=tl.int32)
    for digit in range(digits):
        more = below + (1 << (digits - 1 - digit))
        probed = tl.load(keys + more - 1, mask=valid & (more <= rows), other=NO_KEY)
        below = tl.where(probed < wanted, more, below)
    word = below << 5
    at = below
    for z in tl.static_range(SIDE):
        # The last key of all, two cells on, is NO_KEY itself.
        found = (tl.load(keys + at, mask=valid & (at < rows), other=NO_KEY) == wanted + z) & (at < rows)
        word |= found.to(tl.int32) << z
        at += found.to(tl.int32)
    tl.store(runs + row.to(tl.int64) * (SIDE * SIDE) + run, word, mask=valid)


@triton.jit(do_not_specialize=["rows", "coarse_rows"])
def link_levels(coords, order, ranks, parents, children, coarse_coords, rows, coarse_rows, BLOCK: tl.constexpr):
    """Parents, children and coarse coordinates, from the rows in the order of their parents' keys.

    ``ranks``: of each place after the first, how many new parents there were up to it.
    """
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    valid = place < rows
    row = tl.load(order + place, mask=valid, other=0)
    parent = tl.load(ranks + place - 1, mask=valid & (place > 0), other=0)
    cell = tl.zeros((BLOCK,), dtype=tl.int32)
    tl.store(coarse_coords + parent * 4, tl.load(coords + row * 4, mask=valid, other=0), mask=valid)
    # Children of one parent write the same numbers.
    for axis in tl.static_range(3):
        component = tl.load(coords + row * 4 + axis + 1, mask=valid, other=0)
        cell += (component & 1) << axis
        tl.store(coarse_coords + parent * 4 + axis + 1, component >> 1, mask=valid)
    tl.store(parents + row, parent * 8 + cell, mask=valid)
    tl.store(children + cell.to(tl.int64) * coarse_rows + parent, row.to(tl.int32), mask=valid)
