"""Factors of a convolution's output that its input decides, site by site or scene by scene.

The packed engine has one factor a channel, so networks with these are trained and scored, and not exported.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from bscnet.sparse import SparseTensor

GATE_REDUCTION = 8


class OutputFactor(nn.Module):
    """What ``scale * conv(...)`` is multiplied by.

    Attributes:
        refusal: why the engine cannot hold it; the end of a sentence.

    Examples:
        >>> from bscnet.nn import OutputFactor, SceneGate, SiteMagnitude
        >>> issubclass(SiteMagnitude, OutputFactor), issubclass(SceneGate, OutputFactor)
        (True, True)
    """

    refusal: str

    def forward(self, x: SparseTensor, y: SparseTensor, box: Callable[[Tensor], Tensor]) -> Tensor:
        """The factor, ``(N_out, C_out)`` or ``(N_out, 1)``.

        Args:
            x: the input, before it is quantized.
            y: the output.
            box: sums ``(N, 1)`` values over the cells that each output value reads, as ``(N_out, C_out)``.
        """
        raise NotImplementedError


class SiteMagnitude(OutputFactor):
    """``K_u``: the mean over the sites v that output u reads of ``A_v = mean_c |x_v|``. Absent sites do not count.

    Source: XNOR-Net (arXiv 1603.05279), whose box filter divides by all cells; on sites most are absent.

    Examples:
        >>> import torch
        >>> from bscnet.nn import SiteMagnitude, SparseConv3d
        >>> from bscnet.sparse import SparseTensor
        >>> x = SparseTensor(torch.ones(2, 3), torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]]))
        >>> conv = SparseConv3d(3, 8)
        >>> conv.output_factor = SiteMagnitude()
        >>> conv(x)
        SparseTensor(2 sites, 8 channels, stride 1, torch)
    """

    refusal = "scales every site by the magnitude of its neighbours (method.per_site_scale)"

    def forward(self, x: SparseTensor, y: SparseTensor, box: Callable[[Tensor], Tensor]) -> Tensor:
        """See the base class."""
        magnitudes = x.feats.abs().mean(1, keepdim=True)
        return box(magnitudes) / box(torch.ones_like(magnitudes)).clamp_min(1)


class SceneGate(OutputFactor):
    """``sigmoid(V relu(U z))`` of each scene, z the mean of its input over the sites; U reduces it to an eighth.

    Source: Real-to-Binary (ICLR 2020, openreview BJg4NgBKvH), section 4.3; larq/zoo, real_to_bin_nets.py.

    Examples:
        >>> import torch
        >>> from bscnet.nn import SceneGate
        >>> from bscnet.sparse import SparseTensor
        >>> x = SparseTensor(torch.ones(2, 16), torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]]))
        >>> gate = SceneGate(16, 8)
        >>> gate(x, x, lambda feats: feats).shape
        torch.Size([2, 8])
    """

    refusal = "scales every scene by a gate of its mean (method.scene_gate)"

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.reduce = nn.Linear(in_channels, max(1, in_channels // GATE_REDUCTION), bias=False)
        self.expand = nn.Linear(self.reduce.out_features, out_channels, bias=False)

    def forward(self, x: SparseTensor, y: SparseTensor, box: Callable[[Tensor], Tensor]) -> Tensor:
        """See the base class."""
        scenes, of_output = x.coords[:, 0].long(), y.coords[:, 0].long()
        count = int(scenes.max()) + 1 if len(scenes) else 0
        # One product for all scenes, and not an addition of row by row in an order of its own.
        members = functional.one_hot(scenes, count).to(x.feats.dtype)
        means = (members.t() @ x.feats) / members.sum(0).clamp_min(1)[:, None]
        return self.expand(functional.relu(self.reduce(means))).sigmoid().index_select(0, of_output)
