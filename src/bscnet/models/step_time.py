"""How long a network's training step takes on each backend, on this machine and on given sites."""

from __future__ import annotations

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from bscnet.sparse import SparseTensor

_SAMPLE = 1000
"""Sites of the first, short steps: they load what is loaded at first use, and say how many sites the budget allows."""
_ROUNDS = 2


@dataclass(frozen=True)
class StepTimes:
    """sites: how many there were. seconds: of one step, by backend, in the order asked for."""

    sites: int
    seconds: dict[str, float]


def step_times(
    network: nn.Module, coords: Tensor, feats: Tensor, backends: Sequence[str], budget_s: float = 0.4
) -> StepTimes:
    """Time forward and backward passes in training mode on the CPU, all backends in turn, the best of two each.

    Neither the network (weights, gradients, running statistics) nor torch's random stream is changed: a copy computes.

    Args:
        network: on the CPU.
        coords: ``(N, 4)`` sites of any number of scenes, [batch, x, y, z].
        feats: ``(N, C)`` of them.
        backends: that serve on the CPU.
        budget_s: seconds that the slowest step may take; where all sites take longer, only those of smallest x are in
            it.
    """
    order = coords[:, 1].argsort(stable=True)

    def step(backend: str, sites: int) -> float:
        with torch.random.fork_rng(devices=()), torch.inference_mode(False), torch.enable_grad():
            return _step_seconds(network, coords[order[:sites]], feats[order[:sites]], backend)

    sample = min(_SAMPLE, len(coords))
    slowest = max(min(step(backend, sample) for _ in range(2)) for backend in backends)
    sites = min(len(coords), max(sample, int(sample * budget_s / slowest)))
    rounds = [[step(backend, sites) for backend in backends] for _ in range(_ROUNDS)]
    return StepTimes(sites, dict(zip(backends, map(min, zip(*rounds, strict=True)), strict=True)))


def _step_seconds(network: nn.Module, coords: Tensor, feats: Tensor, backend: str) -> float:
    stepped = copy.deepcopy(network).train()
    begin = time.perf_counter()
    stepped(SparseTensor(feats, coords, backend)).square().mean().backward()
    return time.perf_counter() - begin
