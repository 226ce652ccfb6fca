"""One case in a process of its own: training steps for every line `step` on stdin, its numbers as a line of JSON.

    python -m benchmarks.training.child NETWORK VARIANT BACKEND THREADS SCENE.npz SCORES.npy

The first line out says that the network is built; the scores of the first step are kept in SCORES.npy ("" keeps none).
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.common.memory import forget_peak, peak_mb, resident_mb
from benchmarks.common.networks import make_network
from benchmarks.common.process import KeepFirst, private_stdout, serve_steps
from benchmarks.training.cases import MODULES, VARIANTS, Case
from benchmarks.training.scene import FIELDS, Scene, first_sites
from bscnet.search import confidence_loss
from bscnet.settings.optimizer import OptimizerSettings
from bscnet.sparse import SparseTensor, resolve_backend
from bscnet.threads import waiting
from bscnet.training.allocator import keep_freed_memory
from bscnet.training.loss import voxel_cross_entropy
from bscnet.training.optimizer import make_optimizer

AT_LEAST_SECONDS = 0.2
"""Shorter steps are repeated in a turn for that long, and the first of them, whose caches are cold, does not count."""


class Stepper:
    """A network of one case with the weights of seed 0, and its training step on a scene."""

    def __init__(self, case: Case, scene: Scene, **sizes: int) -> None:
        precision, self.conv, _ = VARIANTS[case.variant]
        torch.manual_seed(0)
        self.network = make_network(case.network, precision, self.conv, **sizes)
        if case.backend == MODULES:
            keep_apart(self.network)
        self.optimizer = make_optimizer(OptimizerSettings(), [{"params": list(self.network.parameters())}], lr=1e-3)
        self.scene, self.backend = scene, case.sparse_backend

    def step(self) -> tuple[float, float, Tensor]:
        """Seconds of the forward pass (kernel maps included) and of the rest, and the scores of every voxel."""
        begin = time.perf_counter()
        x = SparseTensor(self.scene["feats"], self.scene["coords"], self.backend)
        scores = self.network(x)
        middle = time.perf_counter()
        self.optimizer.zero_grad(set_to_none=True)
        loss = voxel_cross_entropy(scores, self.scene["point_to_voxel"], self.scene["labels"])
        if self.conv == "composite":
            loss = loss + 0.1 * confidence_loss(self.network)
        loss.backward()
        self.optimizer.step()
        return middle - begin, time.perf_counter() - middle, scores.detach()


def keep_apart(network: nn.Module) -> None:
    """Have every module of a network called: a layer does not fuse modules with hooks."""
    for module in network.modules():
        module.register_forward_hook(_leave)


def _leave(module: nn.Module, arguments: Any, output: Any) -> None:
    """A hook that does nothing."""


def responder(words: list[str]) -> Callable[[], dict[str, Any]]:
    """What makes a turn's steps, from the words of the command line."""
    network, variant, backend, threads, scene_file, scores_file = words
    case = Case(network, variant, backend, int(threads))
    torch.set_num_threads(case.threads)
    keep_freed_memory()  # as a training run does
    resolve_backend(case.sparse_backend)  # loads its libraries before memory is counted
    with np.load(scene_file) as arrays:
        scene = {name: torch.from_numpy(arrays[name]) for name in FIELDS}
    # a small network once: libraries load their parts at first use, which is not the network's memory
    Stepper(case, first_sites(scene, 100), m=8, reps=1, depth=1).step()
    exact = forget_peak()
    before = resident_mb()
    stepper = Stepper(case, scene)
    keep = KeepFirst(scores_file)

    def turn() -> dict[str, Any]:
        began, times = time.perf_counter(), list[tuple[float, float]]()
        while not times or time.perf_counter() - began < AT_LEAST_SECONDS:
            forward, rest, scores = stepper.step()
            keep(scores.numpy())
            times.append((1e3 * forward, 1e3 * (forward + rest)))
        forward_ms, step_ms = map(statistics.median, zip(*(times[1:] or times), strict=True))
        memory = {"peak_mb": peak_mb() - before, "peak_exact": exact}
        return {"forward_ms": forward_ms, "step_ms": step_ms, "steps": len(times[1:] or times), **memory}

    return turn


def main() -> None:
    answers = private_stdout()
    waiting()  # nothing is measured where idle threads spin against the user's will
    serve_steps(answers, responder(sys.argv[1:]))


if __name__ == "__main__":
    main()
