"""Every operator on the device, by every engine and in every precision, against float64 on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from benchmarks.gpu.engines import ENGINES, PLAIN, missing, sites_of
from benchmarks.gpu.scene import Scene, crate, room
from benchmarks.gpu.setting import (
    BFLOAT16,
    DEVICE,
    FLOAT16,
    FLOAT32,
    NO_TIME,
    TF32,
    Row,
    Setting,
    checked,
    failed,
    stated,
)
from benchmarks.gpu.stepper import autocast, matmul_precision
from bscnet.search import MANUAL
from bscnet.sparse import Sites
from bscnet.sparse.torch import TorchSites

SITES = 2000
LIMITS = {FLOAT32: 1e-5, TF32: 5e-3, FLOAT16: 5e-3, BFLOAT16: 4e-2}
"""Of a difference, over the largest entry. TF32 and float16 have 11 bits, bfloat16 has 8."""

FEW = ("submanifold 3", "down", "sum pool")

Run = Callable[[Sites, Tensor, Tensor], Tensor]


class Operator(NamedTuple):
    """An operator: what it does with features and a weight of `cells`; 0: there is no weight.

    coarse: its features are of the coarser level. deeper: it is tried on the coarser level.
    """

    run: Run
    cells: int
    coarse: bool = False
    deeper: bool = False


def operators(setting: Setting) -> dict[str, Operator]:
    """All of them by name; the shifts of one name are worked off together."""
    tetra = MANUAL["tetra4"]
    every = tuple((shift,) for shift in setting.shifts)
    return {
        "pointwise": Operator(lambda s, x, w: s.submanifold(x, w), 1),
        "submanifold 3": Operator(lambda s, x, w: s.submanifold(x, w), 27),
        "submanifold 3, one level down": Operator(lambda s, x, w: s.submanifold(x, w), 27, deeper=True),
        "composite (5x5x5)": Operator(lambda s, x, w: s.submanifold(x, w), 125),
        "composite, some cells": Operator(lambda s, x, w: s.submanifold(x, w, _some_cells(x)), 31),
        "shifted, tetra4": Operator(lambda s, x, w: s.shifted(x, w, tetra), 27),
        f"shifted, each of {len(every)}": Operator(
            lambda s, x, w: torch.cat([s.shifted(x, w, shift) for shift in every], dim=1), 27
        ),
        "down": Operator(lambda s, x, w: s.down(x, w), 8),
        "up": Operator(lambda s, x, w: s.up(x, w), 8, coarse=True),
        "sum pool": Operator(lambda s, x, _: s.pool_sum(x), 0),
        "max pool": Operator(lambda s, x, _: s.pool_max(x), 0),
        "unpool": Operator(lambda s, x, _: s.unpool(x), 0, coarse=True),
    }


def check_operators(setting: Setting) -> Iterator[Row]:
    """Largest error of values and gradients, over their largest entry; a row an engine, operator and precision."""
    scene = crate() if setting.dry_run else room()
    for engine in ENGINES:
        if missing(engine) is None:
            yield from _rows(engine, scene, setting)


def _rows(engine: str, scene: Scene, setting: Setting) -> Iterator[Row]:
    generator = torch.Generator().manual_seed(0)
    kept = torch.randperm(len(scene.coords), generator=generator)[:SITES]
    coords = scene.coords[kept]
    truth, sites = TorchSites(coords), sites_of(engine)(coords.to(DEVICE))
    for name, operator in operators(setting).items():
        if setting.few and engine != PLAIN and name not in FEW:
            continue
        for precision in setting.precisions:
            if operator.cells == 0 and precision != FLOAT32:
                continue
            if setting.time_left < 0:
                yield stated(name, NO_TIME, True, engine, precision)
                continue
            try:
                error = max(_error(operator, truth, sites, width, precision) for width in setting.widths)
            except Exception as reason:  # whatever goes wrong is the finding
                yield failed(name, reason, engine, precision)
            else:
                yield checked(name, error, LIMITS[precision], engine, precision)


def _error(operator: Operator, truth: Sites, sites: Sites, width: tuple[int, int], precision: str) -> float:
    if operator.deeper:
        truth, sites = truth.coarser, sites.coarser
    generator = torch.Generator().manual_seed(1)
    count = len(truth.coarser if operator.coarse else truth)
    feats = torch.randn(count, width[0], generator=generator)
    weight = torch.randn(max(operator.cells, 1), *width, generator=generator)
    doubles = [feats.double().requires_grad_(), weight.double().requires_grad_()]
    leaves = [feats.to(DEVICE).requires_grad_(), weight.to(DEVICE).requires_grad_()]
    with matmul_precision(precision):
        with autocast(DEVICE, precision):
            found = operator.run(sites, *leaves)
        expected = operator.run(truth, *doubles)
        seed = torch.randn(expected.shape, generator=generator)
        wanted = 2 if operator.cells else 1
        values = (found, *torch.autograd.grad(found, leaves[:wanted], seed.to(DEVICE, found.dtype)))
    right = (expected, *torch.autograd.grad(expected, doubles[:wanted], seed.double()))
    return max(_relative(one.detach(), other.detach()) for one, other in zip(values, right, strict=True))


def _relative(found: Tensor, expected: Tensor) -> float:
    return float((found.cpu().double() - expected).abs().max() / expected.abs().max().clamp(min=1e-12))


def _some_cells(like: Tensor) -> Tensor:
    return torch.arange(1, 125, 4, device=like.device)
