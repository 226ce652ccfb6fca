"""Largest errors of the spconv-triton backend, as a line of JSON; run with TRITON_INTERPRET=1.

The library's own kernels run by Triton's interpreter, on tensors that claim to be CUDA's. Its autotuner, which measures
on a device, is left one choice of tile sizes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import product
from typing import Any

import torch
from spconv_triton import constants
from spconv_triton.pytorch._impl import gemm
from torch import Tensor
from torch.overrides import TorchFunctionMode

from benchmarks.gpu.engines import limit_tuning
from bscnet.errors import InputError
from bscnet.sparse.spconv_triton import SpconvTritonSites
from bscnet.sparse.torch import TorchSites
from fixtures.sites import random_sites
from oracles import sparse_convolution as oracle
from oracles.dense_convolution import dense_convolution

SHIFTS = list(product((-1, 0, 1), repeat=3))
FOUR = ((1, 1, 1), (1, -1, -1), (0, 0, 0), (0, -1, 1))
Function = Callable[[Tensor, Tensor], Tensor]


class ClaimsCuda(TorchFunctionMode):
    """Every tensor says that it is CUDA's."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__self__", None) is torch.Tensor.is_cuda:
            return True
        return func(*args, **(kwargs or {}))


def errors(operator: Function, expected: Function, feats: Tensor, weight: Tensor) -> list[float]:
    """Of the output and of both gradients: largest difference to `expected` in double, over the largest entry."""
    singles = [feats.clone().requires_grad_(), weight.clone().requires_grad_()]
    doubles = [feats.double().requires_grad_(), weight.double().requires_grad_()]
    found, right = operator(*singles), expected(*doubles)
    seed = torch.randn_like(found)
    values = (found, *torch.autograd.grad(found, singles, seed))
    references = (right, *torch.autograd.grad(right, doubles, seed.double()))
    return [relative(a.detach(), b.detach()) for a, b in zip(values, references, strict=True)]


def relative(found: Tensor, right: Tensor) -> float:
    """The largest difference over the largest entry."""
    return float((found.double() - right).abs().max() / right.abs().max())


def main() -> None:
    torch.manual_seed(0)
    limit_tuning(one=True)
    gemm._multiprocessor_count = lambda _: 4
    coords = random_sites(40, 5)
    base = TorchSites(coords)
    sites, coarse = SpconvTritonSites(base), base.coarser.coords
    feats, below = torch.randn(len(coords), 3), torch.randn(len(coarse), 3)
    answer: dict[str, Any] = {}

    def check(name: str, operator: Function, expected: Function, x: Tensor, cells: int, channels: int = 5) -> None:
        answer[name] = errors(operator, expected, x, torch.randn(cells, 3, channels))

    with ClaimsCuda():
        for size in (1, 3, 5):
            check(f"cube {size}", sites.submanifold, lambda x, w: dense_convolution(coords, x, w), feats, size**3)
        some = torch.tensor([3, 62, 61, 124])
        padded = torch.zeros(125, 4, dtype=torch.float64).index_put((some, torch.arange(4)), torch.ones(()).double())
        check(
            "some cells",
            lambda x, w: sites.submanifold(x, w, some),
            lambda x, w: dense_convolution(coords, x, torch.einsum("kc,cio->kio", padded, w)),
            feats,
            4,
        )
        for shift in SHIFTS:
            check(
                f"shift {shift}",
                lambda x, w, shift=shift: sites.shifted(x, w, (shift,)),
                lambda x, w, shift=shift: oracle.shifted_submanifold(coords, x, w, shift),
                feats,
                27,
            )
        check(
            "four shifts",
            lambda x, w: sites.shifted(x, w, FOUR),
            lambda x, w: oracle.grouped_shifted(coords, x, w, list(FOUR)),
            feats,
            27,
            7,
        )
        check("down", sites.down, lambda x, w: oracle.rows_of(oracle.down(coords, x, w), coarse), feats, 8)
        check("up", sites.up, lambda x, w: oracle.up(oracle.field_of(coarse, x), coords, w), below, 8)
        check("coarser", sites.coarser.submanifold, lambda x, w: dense_convolution(coarse, x, w), below, 27)
        weight = torch.randn(27, 3, 5)
        for precision in ("high", "highest"):
            torch.set_float32_matmul_precision(precision)
            sites.submanifold(feats, weight)
            answer[f"TF32 at {precision}"] = constants.SPCONV_ALLOW_TF32
        for dtype in (torch.float16, torch.bfloat16):
            leaves = [feats.clone().requires_grad_(), weight.clone().requires_grad_()]
            with torch.autocast("cpu", dtype=dtype):
                found = sites.shifted(*leaves, FOUR)
            gradients = torch.autograd.grad(found, leaves, torch.ones_like(found))
            right = oracle.grouped_shifted(coords, feats.double(), weight.double(), list(FOUR))
            answer[f"autocast {dtype}"] = [str(x.dtype) for x in (found, *gradients)]
            answer[f"error of {dtype}"] = [relative(found.detach(), right)]
        try:
            sites.submanifold(feats.double(), weight.double())
        except InputError as error:
            answer["refused"] = str(error)
    for name in ("pool_sum", "pool_max", "unpool"):
        x = below if name == "unpool" else feats
        answer[name] = [float((getattr(sites, name)(x) - getattr(base, name)(x)).abs().max())]
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
