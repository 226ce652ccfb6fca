"""Sparse operators by definition: a dictionary from site to feature vector, one site and one cell at a time."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

Site = tuple[int, int, int, int]
Cell = tuple[int, int, int]
Field = dict[Site, Tensor]


def cube_cells(size: int) -> list[Cell]:
    """Cells of a kernel, x fastest; odd sizes are centred, even sizes begin at 0."""
    axis = range(-(size // 2), size // 2 + 1) if size % 2 else range(size)
    return [(x, y, z) for z in axis for y in axis for x in axis]


def field_of(coords: Tensor, feats: Tensor) -> Field:
    return {tuple(site): feat for site, feat in zip(coords.tolist(), feats, strict=True)}


def rows_of(field: Field, coords: Tensor) -> Tensor:
    return torch.stack([field[tuple(site)] for site in coords.tolist()])


def parent_of(site: Site) -> Site:
    batch, *spatial = site
    return (batch, *(int(np.floor(value / 2)) for value in spatial))


def moved(site: Site, by: Cell) -> Site:
    return (site[0], site[1] + by[0], site[2] + by[1], site[3] + by[2])


def shifted_submanifold(coords: Tensor, feats: Tensor, weight: Tensor, shift: Cell = (0, 0, 0)) -> Tensor:
    """``y_u = sum_k W_k^T x_{u + k - shift}`` over the active ``u + k - shift``."""
    field = field_of(coords, feats)
    cells = cube_cells(round(len(weight) ** (1 / 3)))
    rows = []
    for site in field:
        total = feats.new_zeros(weight.shape[2])
        for cell, kernel in zip(cells, weight, strict=True):
            source = moved(moved(site, cell), (-shift[0], -shift[1], -shift[2]))
            if source in field:
                total = total + field[source] @ kernel
        rows.append(total)
    return torch.stack(rows)


def grouped_shifted(coords: Tensor, feats: Tensor, weight: Tensor, shifts: list[Cell]) -> Tensor:
    """Contiguous groups of output channels, each with its own shift."""
    channels = np.array_split(np.arange(weight.shape[2]), len(shifts))
    parts = [
        shifted_submanifold(coords, feats, weight[:, :, torch.as_tensor(group)], shift)
        for group, shift in zip(channels, shifts, strict=True)
    ]
    return torch.cat(parts, dim=1)


def present_neighbours(coords: Tensor, shift: Cell = (0, 0, 0)) -> Tensor:
    """How many of the 27 cells meet an active site, by row."""
    ones = torch.ones(len(coords), 1, dtype=torch.float64)
    return shifted_submanifold(coords, ones, torch.ones(27, 1, 1, dtype=torch.float64), shift)[:, 0].long()


def children(coords: Tensor) -> dict[Site, list[tuple[int, int]]]:
    """Of each coarse site: (row of the child, its cell among the 8)."""
    cells = cube_cells(2)
    found: dict[Site, list[tuple[int, int]]] = {}
    for row, site in enumerate(map(tuple, coords.tolist())):
        parent = parent_of(site)
        cell = tuple(site[axis] - 2 * parent[axis] for axis in (1, 2, 3))
        found.setdefault(parent, []).append((row, cells.index(cell)))
    return found


def down(coords: Tensor, feats: Tensor, weight: Tensor) -> Field:
    """``y_v = sum_c W_c^T x_{2v+c}``."""
    return {
        site: torch.stack([feats[row] @ weight[cell] for row, cell in members]).sum(0)
        for site, members in children(coords).items()
    }


def up(coarse: Field, coords: Tensor, weight: Tensor) -> Tensor:
    """``y_u = W_{u mod 2}^T x_{floor(u / 2)}`` at the fine ``coords``."""
    rows: list[Tensor] = [torch.empty(0)] * len(coords)
    for site, members in children(coords).items():
        for row, cell in members:
            rows[row] = coarse[site] @ weight[cell]
    return torch.stack(rows)


def pool_sum(coords: Tensor, feats: Tensor) -> Field:
    return {s: torch.stack([feats[row] for row, _ in members]).sum(0) for s, members in children(coords).items()}


def pool_max(coords: Tensor, feats: Tensor) -> Field:
    return {s: torch.stack([feats[row] for row, _ in members]).amax(0) for s, members in children(coords).items()}


def unpool(coarse: Field, coords: Tensor) -> Tensor:
    """``y_u = x_{floor(u / 2)}``."""
    return torch.stack([coarse[parent_of(tuple(site))] for site in coords.tolist()])
