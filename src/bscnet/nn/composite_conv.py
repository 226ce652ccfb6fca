"""The composite sparse convolution: the search's weighted sum of shifted convolutions as one 5x5x5 convolution."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

from bscnet.errors import InputError
from bscnet.fused import mixed_kernels, mixtures
from bscnet.nn.conv import QuantizedConv
from bscnet.sparse import Sites, SparseTensor
from bscnet.sparse.offsets import check_shifts, group_sizes
from bscnet.sparse.operand import Operand

RELAXATIONS = ("softmax", "gumbel_softmax", "gumbel_st")


def importance(alpha: Tensor) -> Tensor:
    """``pi = softmax(alpha)`` of each row of ``(G, n_s)`` search logits."""
    return alpha.softmax(dim=1) if alpha.is_cuda else _Softmax.apply(alpha)


class _Softmax(Function):
    """The softmax of each row with a gradient that, unlike torch's on the CPU, depends on no number of threads."""

    @staticmethod
    def forward(ctx: Any, alpha: Tensor) -> Tensor:
        pi = alpha.softmax(dim=1)
        ctx.save_for_backward(pi)
        return pi

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (pi,) = ctx.saved_tensors
        return pi * (grad - (grad * pi).sum(1, keepdim=True))


def gumbel_importance(alpha: Tensor, temperature: float, hard: bool) -> Tensor:
    """`torch.nn.functional.gumbel_softmax` of each row, by `importance`."""
    noise = -torch.empty_like(alpha).exponential_().log()
    soft = importance((alpha + noise) / temperature)
    if not hard:
        return soft
    chosen = torch.zeros_like(soft).scatter_(1, soft.argmax(1, keepdim=True), 1.0)
    return chosen - soft.detach() + soft


class CompositeShiftConv3d(QuantizedConv):
    """Search stage of BSC-Net: every group is a mixture over candidate shifts.

    Formula: ``y^(g) = sum_i pi_{g,i} SFSC_{s_i}(x; W^(g))``, ``pi = softmax(alpha)``, computed as one 5x5x5 submanifold
    convolution, whatever the number of candidates: ``y^(g) = conv5(x; W5)``, ``W5_o = sum_i pi_{g,i}
    sum_{k: k - s_i = o} W_k^(g)``.

    Args:
        in_channels: input channels.
        out_channels: output channels.
        groups: number G of contiguous output-channel groups.
        candidates: ``(n_s, 3)`` candidate shifts.
        input_quantizer: see ``QuantizedConv``.
        weight_quantizer: see ``QuantizedConv``.
        relax: ``softmax``; ``gumbel_softmax`` (noise while training, temperature 5 to 0.1); ``gumbel_st`` (the same
            with hard samples and straight-through gradient).
        share_kernel: one kernel for all candidates; False gives each candidate its own.

    Attributes:
        weight: ``(27, in_channels, out_channels)``, or ``(n_s, 27, …)`` without sharing.
        alpha: ``(G, n_s)`` search logits, initially 0.
        temperature: of the Gumbel relaxations.

    Source: BSC-Net (arXiv 2303.15493), public figure of the search; composite convolution after EdMIPS (2004.05795).
    """

    candidates: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        groups: int,
        candidates: object,
        input_quantizer: nn.Module | None = None,
        weight_quantizer: nn.Module | None = None,
        relax: str = "softmax",
        share_kernel: bool = True,
    ) -> None:
        if relax not in RELAXATIONS:
            raise InputError(f"relax is {relax!r}; allowed are {', '.join(RELAXATIONS)}")
        shifts = check_shifts(candidates)
        if len(set(shifts)) != len(shifts):
            raise InputError(f"candidates are {list(shifts)}; each may be listed once")
        shape = (27,) if share_kernel else (len(shifts), 27)
        super().__init__(in_channels, out_channels, shape, input_quantizer, weight_quantizer)
        self.group_sizes = group_sizes(out_channels, groups)
        self._shift_tuple = shifts
        self.relax = relax
        self.share_kernel = share_kernel
        self.temperature = 5.0
        self.alpha = nn.Parameter(torch.zeros(groups, len(shifts)))
        self.register_buffer("candidates", torch.tensor(shifts), persistent=False)

    def importance(self) -> Tensor:
        """``(G, n_s)`` importance weights of the layer's logits."""
        return importance(self.alpha)

    @property
    def whole_sums(self) -> bool:
        """Never: the kernel is a mixture."""
        return False

    def apply_kernel(self, x: SparseTensor, feats: Operand, weight: Tensor, fine: Sites | None) -> SparseTensor:
        """See ``QuantizedConv.apply_kernel``."""
        pi = self.importance()
        if self.training and self.relax != "softmax":
            pi = gumbel_importance(self.alpha, self.temperature, self.relax == "gumbel_st")
        # On a coarse level few cells of the kernel meet a site; the others need not be made.
        cells = x.sites.cells_in_use(5)
        mixture = mixtures(pi, self._shift_tuple, self.share_kernel, cells)
        kernel = mixed_kernels(weight.flatten(0, -3), mixture, self.group_sizes)
        return x.replace(x.sites.submanifold(feats, kernel, cells))
