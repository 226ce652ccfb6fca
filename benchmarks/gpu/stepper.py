"""A network of one kind, and its training step on a scene."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmarks.common.networks import make_network
from benchmarks.gpu.engines import SitesOf
from benchmarks.gpu.kinds import KINDS
from benchmarks.gpu.scene import Scene
from benchmarks.gpu.setting import BFLOAT16, FLOAT16, TF32
from bscnet.search import confidence_loss
from bscnet.sparse import SparseTensor
from bscnet.training.loss import voxel_cross_entropy

_AUTOCAST = {FLOAT16: torch.float16, BFLOAT16: torch.bfloat16}
SMALL = {"m": 8, "reps": 1, "depth": 1}
"""Of the networks of a dry run."""


@dataclass(frozen=True)
class Step:
    """What one step leaves: the scores of every voxel, the loss, and all gradients in one row."""

    scores: Tensor
    loss: float
    gradient: Tensor


class Stepper:
    """A network with the weights of seed 0 on a device, and its training step.

    Args:
        network: key of conf/model.
        kind: key of KINDS.
        scene: on the device.
        sites: how the sites of a step are made.
        precision: see `Setting.precisions`.
        small: a network of a dry run.
    """

    def __init__(
        self, network: str, kind: str, scene: Scene, sites: SitesOf, precision: str = "", small: bool = False
    ) -> None:
        stage_precision, self.conv, _ = KINDS[kind]
        self.device = scene.feats.device.type
        torch.manual_seed(0)
        changes = SMALL if small else {}
        self.network: nn.Module = make_network(network, stage_precision, self.conv, **changes).to(self.device)
        fused = True if self.device == "cuda" and torch.cuda.is_available() else None
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=1e-3, fused=fused)
        self.scaler = torch.amp.GradScaler(self.device, enabled=precision == FLOAT16)
        self.scene, self.sites, self.precision = scene, sites, precision
        # Made once: the sites of a step stand in for its own.
        self._tensor = SparseTensor(scene.feats, scene.coords, "torch")

    def scores(self) -> Tensor:
        """Of every voxel; the sites and their kernel maps are made anew."""
        x = self._tensor.replace(self.scene.feats, self.sites(self.scene.coords))
        found: Tensor = self.network(x)
        return found

    def step(self) -> tuple[Tensor, Tensor]:
        """One training step: scores and loss, which stay on the device."""
        self.optimizer.zero_grad(set_to_none=True)
        with autocast(self.device, self.precision):
            scores = self.scores()
            loss = voxel_cross_entropy(scores, self.scene.point_to_voxel, self.scene.labels)
        if self.conv == "composite":
            loss = loss + 0.1 * confidence_loss(self.network)
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return scores.detach(), loss.detach()

    def kept(self) -> Step:
        """One training step, and what it leaves, on the CPU."""
        scores, loss = self.step()
        gradients = [p.grad.flatten() for p in self.network.parameters() if p.grad is not None]
        return Step(scores.float().cpu(), float(loss), torch.cat(gradients).cpu())


def autocast(device: str, precision: str) -> AbstractContextManager[object]:
    """Mixed precision, where the precision is one of float16 and bfloat16."""
    dtype = _AUTOCAST.get(precision)
    return nullcontext() if dtype is None else torch.autocast(device, dtype=dtype)


class matmul_precision(AbstractContextManager[None]):
    """TF32 within, where the precision is TF32; none elsewhere."""

    def __init__(self, precision: str) -> None:
        self.wanted = "high" if precision == TF32 else "highest"

    def __enter__(self) -> None:
        self.before = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision(self.wanted)

    def __exit__(self, *_: object) -> None:
        torch.set_float32_matmul_precision(self.before)
