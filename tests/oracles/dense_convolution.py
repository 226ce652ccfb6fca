"""Submanifold convolution the dense way: zeros where no site is, conv3d over the whole grid, read back at the sites."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def dense_convolution(coords: Tensor, feats: Tensor, weight: Tensor) -> Tensor:
    """Rows of conv3d at the active sites; ``weight`` ``(size**3, C_in, C_out)`` with x fastest."""
    cells, c_in, c_out = weight.shape
    size = round(cells ** (1 / 3))
    spatial = coords[:, 1:].long() - coords[:, 1:].long().min(0).values
    extent = (spatial.max(0).values + 1).tolist()
    where = (coords[:, 0].long(), spatial[:, 2], spatial[:, 1], spatial[:, 0])
    grid = feats.new_zeros(int(coords[:, 0].max()) + 1, *reversed(extent), c_in).index_put(where, feats)
    kernel = weight.view(size, size, size, c_in, c_out).permute(4, 3, 0, 1, 2)
    out = functional.conv3d(grid.permute(0, 4, 1, 2, 3), kernel, padding=size // 2)
    return out.permute(0, 2, 3, 4, 1)[where]


def embedded_kernel(weight: Tensor, shift: tuple[int, int, int]) -> Tensor:
    """A 3x3x3 kernel in a 5x5x5 grid of zeros, moved by ``-shift``: its cell ``shift`` lies on the grid's centre."""
    c_in, c_out = weight.shape[1:]
    x, y, z = (1 - component for component in shift)
    grid = weight.new_zeros(5, 5, 5, c_in, c_out)
    grid[z : z + 3, y : y + 3, x : x + 3] = weight.view(3, 3, 3, c_in, c_out)
    return grid.view(125, c_in, c_out)
