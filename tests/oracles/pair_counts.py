"""Pairs of sparse convolutions counted by looking at every (site, kernel cell), from the definitions."""

from __future__ import annotations

import itertools

Site = tuple[int, int, int, int]
CUBE = tuple(itertools.product((-1, 0, 1), repeat=3))


def shifted_pairs(sites: set[Site], shift: tuple[int, int, int]) -> int:
    """#{(u, k): u in A, k in {-1,0,1}^3, u + k - p in A}."""
    return sum(
        (b, x + i - shift[0], y + j - shift[1], z + k - shift[2]) in sites for b, x, y, z in sites for i, j, k in CUBE
    )


def composite_pairs(sites: set[Site], shifts: tuple[tuple[int, int, int], ...]) -> int:
    """Pairs of the union of the windows of all shifts."""
    offsets = {tuple(k - p for k, p in zip(cell, shift, strict=True)) for cell in CUBE for shift in shifts}
    return sum((b, x + i, y + j, z + k) in sites for b, x, y, z in sites for i, j, k in offsets)


def coarser(sites: set[Site]) -> set[Site]:
    """The distinct floor(u / 2)."""
    return {(b, x // 2, y // 2, z // 2) for b, x, y, z in sites}


def strided_pairs(sites: set[Site]) -> int:
    """#{(v, c): v coarse, c in {0,1}^3, 2 v + c in A}."""
    cells = tuple(itertools.product((0, 1), repeat=3))
    return sum((b, 2 * x + i, 2 * y + j, 2 * z + k) in sites for b, x, y, z in coarser(sites) for i, j, k in cells)
