"""One case in a process of its own: a training step for every line `step` on stdin, its numbers as a line of JSON.

    python -m benchmarks.training.child NETWORK VARIANT BACKEND THREADS SCENE.npz SCORES.npy

The first line out says that the network is built; the scores of the first step are kept in SCORES.npy.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.common.memory import forget_peak, peak_mb
from benchmarks.common.networks import make_network
from benchmarks.common.process import KeepFirst, private_stdout, serve_steps
from benchmarks.training.cases import VARIANTS, Case
from benchmarks.training.scene import FIELDS
from bscnet.search import confidence_loss
from bscnet.sparse import SparseTensor, resolve_backend
from bscnet.training.loss import voxel_cross_entropy


class Stepper:
    """A network of one case with the weights of seed 0, and its training step on a scene."""

    def __init__(self, case: Case, scene: dict[str, Tensor]) -> None:
        precision, self.conv, _ = VARIANTS[case.variant]
        torch.manual_seed(0)
        self.network = make_network(case.network, precision, self.conv)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3)
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


def main() -> None:
    network, variant, backend, threads, scene_file, scores_file = sys.argv[1:]
    answers = private_stdout()
    case = Case(network, variant, backend)
    torch.set_num_threads(int(threads))
    resolve_backend(case.sparse_backend)  # loads its libraries before memory is counted
    with np.load(scene_file) as arrays:
        scene = {name: torch.from_numpy(arrays[name]) for name in FIELDS}
    forget_peak()
    before = peak_mb()
    stepper = Stepper(case, scene)
    keep = KeepFirst(scores_file)

    def step() -> dict[str, Any]:
        forward, rest, scores = stepper.step()
        answer = {"forward_ms": 1e3 * forward, "step_ms": 1e3 * (forward + rest), "peak_mb": peak_mb() - before}
        keep(scores.numpy())
        return answer

    serve_steps(answers, step)


if __name__ == "__main__":
    main()
