from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bscnet.fused import mixed_kernels, mixtures
from bscnet.search import CANDIDATES
from bscnet.sparse.offsets import Shift, group_sizes, shifted_columns
from fused.chains import kept_bytes


def kernel_by_definition(
    weight: Tensor, pi: Tensor, shifts: tuple[Shift, ...], shared: bool, sizes: list[int]
) -> Tensor:
    """``sum_i pi_i`` of candidate i's kernel, each of its cells put where its shift moves it."""
    parts = []
    for part, row in zip(weight.split(sizes, dim=-1), pi, strict=True):
        kernel = part.new_zeros(125, *part.shape[-2:])
        for i, shift in enumerate(shifts):
            own = part if shared else part[27 * i : 27 * i + 27]
            kernel = kernel.index_add(0, shifted_columns(shift), row[i] * own)
        parts.append(kernel)
    return torch.cat(parts, dim=-1)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("candidates", ["faces7", "all27"])
@pytest.mark.parametrize("channels, groups", [(8, 4), (7, 3), (5, 1), (24, 4)])
@pytest.mark.parametrize("cells", [None, [0, 31, 62, 124]])
def test_kernels_of_all_groups(
    channels: int, groups: int, candidates: str, shared: bool, cells: list[int] | None
) -> None:
    shifts, sizes = CANDIDATES[candidates], group_sizes(channels, groups)
    rows = 27 if shared else 27 * len(shifts)
    weight = torch.randn(rows, 3, channels, dtype=torch.float64, requires_grad=True)
    pi = torch.rand(groups, len(shifts), dtype=torch.float64, requires_grad=True)
    wanted = None if cells is None else torch.tensor(cells)
    found = mixed_kernels(weight, mixtures(pi, shifts, shared, wanted), sizes)
    expected = kernel_by_definition(weight, pi, shifts, shared, sizes)
    expected = expected if wanted is None else expected[wanted]
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    upstream = torch.randn_like(found)
    for one, other in zip(
        torch.autograd.grad(found, (weight, pi), upstream),
        torch.autograd.grad(expected, (weight, pi), upstream),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_autocast_leaves_the_mixture_in_float32() -> None:
    weight, pi = torch.randn(27, 3, 8, requires_grad=True), torch.rand(4, 7, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        found = mixed_kernels(weight, mixtures(pi, CANDIDATES["faces7"], True, None), [2] * 4)
    assert torch.equal(found, mixed_kernels(weight, mixtures(pi, CANDIDATES["faces7"], True, None), [2] * 4))


def test_the_weight_and_the_mixture_are_kept() -> None:
    weight, mixture = torch.randn(27, 16, 16, requires_grad=True), torch.rand(4, 125, 27)
    assert kept_bytes(lambda: mixed_kernels(weight, mixture, [4] * 4), weight, mixture) == 0
