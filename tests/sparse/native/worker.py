"""Runs every kernel of training with the threads of its first argument, and prints a digest of each result.

The level of the CPU is that of BSCNET_IMPLEMENTATION, which a process reads once.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator

import torch
from torch import Tensor

from bscnet.runtime import implementation
from bscnet.sparse.native import elementwise, pooling
from bscnet.sparse.native.sites import NativeSites
from bscnet.sparse.operand import PackedSigns, pack_signs, stand_in_for

FOUR = ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))
WIDTHS = ((1, 1), (3, 16), (16, 24), (33, 8), (48, 100), (75, 28))
FEW, WIDE = 150, ((100, 33), (40, 144))


def results(sites: NativeSites) -> Iterator[tuple[str, Tensor]]:
    """Names and values of what the kernels compute."""
    for kind in (3, 5, 2, -2):
        yield f"map {kind}", sites.map(kind)
    yield from convolutions(sites, WIDTHS)
    yield from convolutions(NativeSites(sites.coords[:FEW]), WIDE)
    coarse = len(sites.coarser)
    x = torch.randn(len(sites), 24).round(decimals=1).requires_grad_()
    for name, pooled in (("sum", sites.pool_sum(x)), ("max", sites.pool_max(x))):
        yield f"pool {name}", pooled
        yield f"pool {name} dx", torch.autograd.grad(pooled, x, torch.randn_like(pooled))[0]
    yield "unpool", pooling.unpool(torch.randn(coarse, 5), *sites.links[1:])
    for channels in (1, 16, 33, 80):
        yield from elementwise_results(3000, channels)


def convolutions(sites: NativeSites, all_widths: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, Tensor]]:
    n, coarse = len(sites), len(sites.coarser)
    for widths in all_widths:
        cases = {
            "cube 3": (lambda x, w: sites.submanifold(x, w), n, 27),
            "cube 5": (lambda x, w: sites.submanifold(x, w), n, 125),
            "pointwise": (lambda x, w: sites.submanifold(x, w), n, 1),
            "shifted": (lambda x, w: sites.shifted(x, w, FOUR[: w.shape[2]]), n, 27),
            "down": (lambda x, w: sites.down(x, w), n, 8),
            "up": (lambda x, w: sites.up(x, w), coarse, 8),
        }
        for name, (operator, rows, slices) in cases.items():
            x, w = torch.randn(rows, widths[0]).requires_grad_(), torch.randn(slices, *widths).requires_grad_()
            y = operator(x, w)
            parts = torch.autograd.grad(y, (x, w), torch.randn_like(y))
            signs = PackedSigns(pack_signs(x.detach()), stand_in_for(rows, widths[0], x.detach()))
            packed = operator(signs, w)
            packed_dw = torch.autograd.grad(packed, w, torch.randn_like(y))[0]
            binary = operator(signs, torch.where(w.detach() >= 0, 1.0, -1.0))
            found = (y, *parts, packed, packed_dw, binary)
            for part, value in zip(("y", "dx", "dw", "signs", "dw of signs", "binary"), found, strict=True):
                yield f"{name} {n} {widths} {part}", value


def elementwise_results(rows: int, channels: int) -> Iterator[tuple[str, Tensor]]:
    x, grad, passed = (torch.randn(rows, channels) for _ in range(3))
    weight, bias, scale, slope = (torch.randn(channels) for _ in range(4))
    for form in range(4):
        buffers = torch.zeros(channels), torch.ones(channels), torch.tensor(0)
        for value in elementwise.norm_forward(x, weight, bias, *buffers, 0.1, 1e-4, True, form):
            yield f"norm {channels} form {form}", value
        yield f"norm {channels} buffers", torch.cat(buffers[:2])
    stats = elementwise.norm_forward(x, weight, bias, *buffers, 0.1, 1e-4, True, 0)[1]
    for estimator in range(3):
        for value in elementwise.norm_backward(grad, x, stats, passed, estimator, True):
            yield f"norm {channels} gradient {estimator}", value
        yield f"sign {channels} gradient {estimator}", elementwise.sign_backward(grad, x, bias, estimator)
    sums = (10 * x).round()
    y, whole = elementwise.scaled_prelu_forward(sums, scale, slope, passed, True)
    for kept in (sums, whole):
        for value in (y, *elementwise.scaled_prelu_backward(grad, kept, scale, slope, True)):
            yield f"prelu {channels}", value
    signs = torch.empty_like(x)
    elementwise.weight_signs(x, signs)
    for value in (signs, elementwise.weight_gradient(grad, x)):
        yield f"weight {channels}", value


def main() -> None:
    """Prints the level, then a line for each result."""
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    picked = torch.randperm(22**3)[:4000]
    coords = torch.stack([picked % 2, picked // 484, picked // 22 % 22, picked % 22], dim=1)
    print(implementation())
    for name, value in results(NativeSites(coords)):
        digest = hashlib.sha256(value.detach().contiguous().numpy().tobytes()).hexdigest()[:16]
        print(f"{name}: {digest}")


if __name__ == "__main__":
    main()
