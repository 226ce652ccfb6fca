"""The composite sparse convolution: the search's weighted sum of shifted convolutions as one 5x5x5 convolution."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bscnet.errors import InputError
from bscnet.fused import mixed_kernels, mixtures
from bscnet.nn.conv import QuantizedConv
from bscnet.nn.relaxation import RELAX
from bscnet.nn.shift_logits import SHIFT_LOGITS
from bscnet.settings.words import Logits, Relaxation, chosen
from bscnet.sparse import Sites, SparseTensor
from bscnet.sparse.offsets import check_shifts, group_sizes
from bscnet.sparse.operand import Operand


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
        relax: ``softmax``; ``gumbel_softmax`` (noise while training); ``gumbel_st`` (the same with hard samples and
            straight-through gradient); ``supernet`` (while training a shift drawn with equal chances). See
            ``bscnet.nn.relaxation``.
        share_kernel: one kernel for all candidates; False gives each candidate its own.
        logits: ``free``, ``factorised`` or ``orbits``, see ``bscnet.nn.shift_logits``.
        start: ``(G, 3)`` shifts that the search starts near; None starts with equal weights.
        start_weight: pi of those shifts, 0 < weight <= 1.

    Attributes:
        weight: ``(27, in_channels, out_channels)``, or ``(n_s, 27, …)`` without sharing.
        alpha: ``(G, n_s)`` search logits, ``(G, 9)`` where they are factorised or of orbits.
        temperature: of the relaxation.

    Source: BSC-Net (arXiv 2303.15493), public figure of the search; composite convolution after EdMIPS (2004.05795).

    Examples:
        >>> import torch
        >>> from bscnet.nn import CompositeShiftConv3d
        >>> from bscnet.search import candidate_shifts
        >>> from bscnet.sparse import SparseTensor
        >>> x = SparseTensor(torch.ones(2, 3), torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]]))
        >>> conv = CompositeShiftConv3d(3, 8, 2, candidate_shifts("all27"))
        >>> conv(x)
        SparseTensor(2 sites, 8 channels, stride 1, torch)
        >>> conv.importance().shape
        torch.Size([2, 27])
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
        relax: Relaxation = "softmax",
        share_kernel: bool = True,
        logits: Logits = "free",
        start: object = None,
        start_weight: float = 0.9,
    ) -> None:
        shifts = check_shifts(candidates)
        if len(set(shifts)) != len(shifts):
            raise InputError(f"candidates are {list(shifts)}; each may be listed once")
        shape = (27,) if share_kernel else (len(shifts), 27)
        super().__init__(in_channels, out_channels, shape, input_quantizer, weight_quantizer)
        self.group_sizes = group_sizes(out_channels, groups)
        self._shift_tuple = shifts
        self.share_kernel = share_kernel
        self.relaxation = chosen(RELAX, relax, "relax")
        self.temperature = self.relaxation.start
        begun = None if start is None else check_shifts(start)
        if begun is not None and len(begun) != groups:
            raise InputError(f"{len(begun)} shifts to start at are given for {groups} channel groups")
        self.source = chosen(SHIFT_LOGITS, logits, "logits")(shifts, groups, begun)
        rows = [self.source.row(g, shift, start_weight) for g, shift in enumerate(begun or ())]
        alpha = torch.stack(rows) if rows else torch.zeros(groups, self.source.width)
        self.alpha = nn.Parameter(alpha, requires_grad=self.relaxation.learned)
        self.register_buffer("candidates", torch.tensor(shifts), persistent=False)

    @property
    def groups(self) -> int:
        """Number of channel groups G."""
        return len(self.alpha)

    def choices(self) -> Tensor:
        """``(G, n)`` logits of the shifts that are open to each group, ``source.options``."""
        return self.source(self.alpha)

    def importance(self) -> Tensor:
        """``(G, n_s)``: how likely each candidate is at present."""
        return self.source.spread(self.relaxation.belief(self.choices(), self.temperature))

    def scores(self) -> Tensor:
        """``(G, n_s)``: the larger, the sooner a candidate is taken; -inf where it is not open to the group."""
        return self.source.spread(self.choices(), absent=float("-inf"))

    @property
    def whole_sums(self) -> bool:
        """Never: the kernel is a mixture."""
        return False

    def apply_kernel(self, x: SparseTensor, feats: Operand, weight: Tensor, fine: Sites | None) -> SparseTensor:
        """See ``QuantizedConv.apply_kernel``."""
        relaxed = self.relaxation.training if self.training else self.relaxation.evaluation
        pi = self.source.spread(relaxed(self.choices(), self.temperature))
        # On a coarse level few cells of the kernel meet a site; the others need not be made.
        cells = x.sites.cells_in_use(5)
        mixture = mixtures(pi, self._shift_tuple, self.share_kernel, cells)
        kernel = mixed_kernels(weight.flatten(0, -3), mixture, self.group_sizes)
        return x.replace(x.sites.submanifold(feats, kernel, cells))
