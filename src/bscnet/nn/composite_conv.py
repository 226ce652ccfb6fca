"""The composite sparse convolution: the search's weighted sum of shifted convolutions as one 5x5x5 convolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from bscnet.errors import InputError
from bscnet.nn.conv import QuantizedConv
from bscnet.sparse import Sites, SparseTensor
from bscnet.sparse.offsets import check_shifts, group_sizes, shifted_columns

RELAXATIONS = ("softmax", "gumbel_softmax", "gumbel_st")


def composite_kernel(weight: Tensor, pi: Tensor, columns: Tensor, cells: Tensor | None = None) -> Tensor:
    """The 5x5x5 kernel that equals the mixture of all shifted convolutions of one kernel.

    Formula: ``W5_o = sum_i pi_i sum_{k: k - s_i = o} W_k``; then ``sum_i pi_i SFSC_{s_i}(h) = conv5(h; W5)``.

    Args:
        weight: ``(27, C_in, C)`` of one channel group, or ``(n_s, 27, C_in, C)`` with a kernel for each candidate.
        pi: ``(n_s,)`` importance weights.
        columns: ``(n_s, 27)`` cell of the 5x5x5 grid that candidate i puts cell k on (``shifted_columns``).
        cells: the cells of the 5x5x5 grid that are wanted; None wants all.

    Returns:
        ``(125, C_in, C)``, or ``(len(cells), C_in, C)``.
    """
    c_in, c_out = weight.shape[-2:]
    if weight.ndim == 4:
        weighted = (pi[:, None, None, None] * weight).reshape(-1, c_in, c_out)
        kernel = weighted.new_zeros(125, c_in, c_out).index_add(0, columns.reshape(-1), weighted)
        return kernel if cells is None else kernel.index_select(0, cells)
    # Mixture matrix: entry (o, k) is the weight of the one candidate that puts cell k on o, else 0.
    k = torch.arange(27, device=columns.device).expand_as(columns)
    mixture = pi.new_zeros(125, 27).index_put((columns, k), pi[:, None].expand(-1, 27))
    if cells is not None:
        mixture = mixture.index_select(0, cells)
    return (mixture @ weight.reshape(27, -1)).view(-1, c_in, c_out)


class CompositeShiftConv3d(QuantizedConv):
    """Search stage of BSC-Net: every group is a mixture over candidate shifts.

    Formula: ``y^(g) = sum_i pi_{g,i} SFSC_{s_i}(x; W^(g))``, ``pi = softmax(alpha)``, computed as one 5x5x5 submanifold
    convolution (``composite_kernel``), whatever the number of candidates.

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
    columns: Tensor

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
        self.relax = relax
        self.share_kernel = share_kernel
        self.temperature = 5.0
        self.alpha = nn.Parameter(torch.zeros(groups, len(shifts)))
        self.register_buffer("candidates", torch.tensor(shifts), persistent=False)
        self.register_buffer("columns", torch.stack([shifted_columns(s) for s in shifts]), persistent=False)

    def importance(self) -> Tensor:
        """``pi = softmax(alpha)``, ``(G, n_s)``."""
        return self.alpha.softmax(dim=1)

    def apply_kernel(self, x: SparseTensor, feats: Tensor, weight: Tensor, fine: Sites | None) -> SparseTensor:
        """See ``QuantizedConv.apply_kernel``."""
        pi = self.importance()
        if self.training and self.relax != "softmax":
            pi = functional.gumbel_softmax(self.alpha, tau=self.temperature, hard=self.relax == "gumbel_st")
        # On a coarse level few cells of the kernel meet a site; the others need not be made.
        cells = x.sites.cells_in_use(5)
        kernels = [
            composite_kernel(part, row, self.columns, cells)
            for part, row in zip(weight.split(self.group_sizes, dim=-1), pi, strict=True)
        ]
        return x.replace(x.sites.submanifold(feats, torch.cat(kernels, dim=-1), cells))
