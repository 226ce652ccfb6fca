"""Distillation: the answers of a finished real-valued network as a further aim of training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from bscnet.models.fcn import FCNLevel
from bscnet.models.unet import UNetLevel
from bscnet.settings.words import DistillKind, require_word
from bscnet.sparse import SparseTensor
from bscnet.sparse.products import total


class Distillation:
    """What a network under training is compared with.

    The teacher is no part of a checkpoint. It stays in evaluation mode, has no gradients and sees the very sites and
    features that the student sees.

    Args:
        teacher: a trained network of the same features and classes; for "attention" of the same family and depth.
        weight: factor of the distance in the loss.
        temperature: of both softmaxes, for "logits".
        kind: "logits" (`voxel_divergence`) or "attention" (`attention_distance`).

    Raises:
        InputError: unknown kind.
    """

    def __init__(
        self, teacher: nn.Module, weight: float = 1.0, temperature: float = 1.0, kind: DistillKind = "logits"
    ) -> None:
        require_word(DistillKind, kind, "distill.kind")
        self.teacher = teacher.eval().requires_grad_(False)
        self.weight, self.temperature, self.kind = weight, temperature, kind

    def compare(self, student: nn.Module, x: SparseTensor, point_to_voxel: Tensor) -> tuple[Tensor, Tensor]:
        """The student's logits ``(N, C)``, and the weighted distance from the teacher."""
        self.teacher.to(x.feats.device)
        if self.kind == "logits":
            logits: Tensor = student(x)
            with torch.no_grad():
                wanted = self.teacher(x)
            distance = voxel_divergence(logits, wanted, point_to_voxel, self.temperature)
        else:
            with level_features(student) as own:
                logits = student(x)
            with torch.no_grad(), level_features(self.teacher) as taught:
                self.teacher(x)
            distance = attention_distance(own, taught)
        return logits, self.weight * distance


def voxel_divergence(logits: Tensor, wanted: Tensor, point_to_voxel: Tensor, temperature: float = 1.0) -> Tensor:
    """``T^2 mean_p KL(softmax(wanted_p / T) || softmax(logits_p / T))`` over all points, labelled or not.

    A point takes the logits of its voxel, so voxels are weighted by their number of points. With T = 1 its gradient is
    that of ReActNet's loss (arXiv 2003.03488; liuzechun/ReActNet, KD_loss.py), which leaves out the teacher's entropy;
    T^2 as in Hinton et al. (arXiv 1503.02531).

    Args:
        logits, wanted: ``(N, C)`` of the student's and the teacher's voxels.
        point_to_voxel: ``(P,)`` the voxel of each point.
        temperature: T.
    """
    kind = torch.promote_types(logits.dtype, torch.float32)
    points = torch.zeros(len(logits), dtype=torch.int32, device=logits.device)
    points.scatter_add_(0, point_to_voxel.long(), torch.ones_like(point_to_voxel, dtype=torch.int32))
    student = F.log_softmax(logits.to(kind) / temperature, dim=1)
    teacher = F.log_softmax(wanted.to(kind) / temperature, dim=1)
    divergence = (teacher.exp() * (teacher - student)).sum(1)
    return temperature**2 * total((points * divergence)[:, None]) / points.sum().clamp(min=1)


def attention_distance(own: Mapping[str, Tensor], taught: Mapping[str, Tensor]) -> Tensor:
    """Mean over levels of ``sum_u (q_u - t_u)^2``, q and t the attention maps of both networks on the level's sites.

    The map of features f is ``q_u = mean_c f_uc^2`` divided by its L2 norm over all sites of the batch: where a network
    answers strongly, whatever its number of channels.

    Source: Zagoruyko and Komodakis (arXiv 1612.03928); Real-to-Binary (larq/zoo, knowledge_distillation.py) divides by
    the maximum in place of the norm.
    """
    maps = ((_attention(own[name]), _attention(taught[name])) for name in own)
    return torch.stack([total((one - other).square()) for one, other in maps]).mean()


def _attention(feats: Tensor) -> Tensor:
    kind = torch.promote_types(feats.dtype, torch.float32)
    squares = feats.to(kind).square().mean(1, keepdim=True)
    return squares / total(squares.square()).clamp_min(1e-24).sqrt()


@contextmanager
def level_features(network: nn.Module) -> Iterator[dict[str, Tensor]]:
    """Features that the blocks of every level give in the forward passes inside, by the blocks' names."""
    found: dict[str, Tensor] = {}

    def keep(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: SparseTensor) -> None:
            found[name] = output.feats

        return hook

    hooks = [module.register_forward_hook(keep(name)) for name, module in _level_blocks(network)]
    try:
        yield found
    finally:
        for one in hooks:
            one.remove()


def _level_blocks(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for name, level in network.named_modules():
        if isinstance(level, FCNLevel):
            yield f"{name}.blocks", level.blocks
        elif isinstance(level, UNetLevel):
            yield f"{name}.encoder", level.encoder
            if level.deeper is not None:
                yield f"{name}.decoder", level.decoder
