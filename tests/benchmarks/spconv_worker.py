"""Differences of spconv's operators to the torch backend's, as a line of JSON; run with OMP_NUM_THREADS=1."""

from __future__ import annotations

import json

import torch

from benchmarks.runtime.spconv_sites import SpconvSites
from bscnet.sparse.torch import TorchSites


def main() -> None:
    torch.manual_seed(0)
    cells = torch.unique(torch.randint(-9, 9, (900, 3)), dim=0)
    order = torch.randperm(len(cells))
    coords = torch.cat([torch.zeros(len(cells), 1), cells[order]], dim=1).int()
    feats = torch.randn(len(cells), 5, requires_grad=True)
    cube, pair = torch.randn(27, 5, 7, requires_grad=True), torch.randn(8, 5, 7)
    grad = torch.randn(len(cells), 7)
    answers = []
    for sites in (TorchSites(coords), SpconvSites.from_coords(coords)):
        y = sites.submanifold(feats, cube)
        to_feats, to_cube = torch.autograd.grad(y, (feats, cube), grad)
        down = sites.down(feats.detach(), pair)
        answers.append(
            {
                "submanifold": y.detach(),
                "its gradient of features": to_feats,
                "its gradient of weights": to_cube,
                "up": sites.up(down, pair.transpose(1, 2).contiguous()),
                "unpool": sites.unpool(sites.pool_sum(feats.detach())),
                "coarser": sites.unpool(sites.coarser.submanifold(down, torch.full((27, 7, 5), 0.1))),
            }
        )
    expected, found = answers
    print(json.dumps({name: float((found[name] - expected[name]).abs().max()) for name in expected}))


if __name__ == "__main__":
    main()
