"""FCN: an encoder whose levels all vote at full resolution, as one recursive definition."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bscnet.models.blocks import conv_layer, deconv_layer, ssc_blocks
from bscnet.models.layers import LayerFactory
from bscnet.models.widths import check_network, level_widths
from bscnet.nn import SiteLinear, unpool
from bscnet.settings.words import FcnUp, require_word
from bscnet.sparse import SparseTensor


class FCNLevel(nn.Module):
    """One level and all below it: blocks, then down to the deeper levels, whose answer comes back up.

    What a level answers depends on ``fcn_up``: class scores that are unpooled and added (``unpool_add``), normalized
    features that are unpooled and concatenated (``unpool_concat``), or features that a DeConv layer brings up and adds
    (``deconv``).

    Args:
        layers: makes the layers.
        widths: channels of this level and of each deeper one.
        reps: SSC blocks a level.
        num_classes: scores a site.
        fcn_up: see above.
        level: which one it is.
    """

    def __init__(
        self,
        layers: LayerFactory,
        widths: tuple[int, ...],
        reps: int,
        num_classes: int,
        fcn_up: FcnUp,
        level: int = 0,
    ) -> None:
        super().__init__()
        width, *below = widths
        self.fcn_up = fcn_up
        self.blocks = ssc_blocks(layers.at_level(level), width, width, reps)
        if fcn_up != "deconv":
            self.vote = nn.Sequential(layers.norm(width), layers.kept(nn.ReLU()))
        if fcn_up == "unpool_add":
            # One bias in all, at the deepest level.
            self.vote.append(SiteLinear(width, num_classes, bias=not below))
        self.deeper: FCNLevel | None = None
        if below:
            self.down = conv_layer(layers, width, below[0])
            # The parts of a concatenation are kept ones already.
            self.keep = nn.Identity() if fcn_up == "unpool_concat" else layers.keep()
            self.deeper = FCNLevel(layers, tuple(below), reps, num_classes, fcn_up, level + 1)
            if fcn_up == "deconv":
                self.up = deconv_layer(layers, below[0], width)

    def forward(self, x: SparseTensor) -> SparseTensor:
        """The answer of this level and all below it, on this level's sites."""
        x = self.blocks(x)
        own = x if self.fcn_up == "deconv" else x.replace(self.vote(x.feats))
        if self.deeper is None:
            return own
        below = self.deeper(self.down(x))
        below = below.replace(self.keep(below.feats))
        if self.fcn_up == "deconv":
            return own.replace(own.feats + self.up(below, x.sites).feats)
        raised = unpool(below, x.sites).feats
        if self.fcn_up == "unpool_add":
            return own.replace(own.feats + raised)
        return own.replace(torch.cat([own.feats, raised], dim=1))


class FCN(nn.Module):
    """Sparse FCN of BSC-Net: FCN-S is m=16, reps=1, depth=8; FCN-H is m=24, reps=2, depth=8.

    Width at level i is ``m * (i + 1)``.

    Args:
        in_channels: features of a site.
        num_classes: scores a site.
        m: channels at level 0 and added at each level.
        reps: SSC blocks a level.
        depth: downsamplings.
        layers: makes the layers.
        fcn_up: how deeper levels reach full resolution: ``unpool_add`` (linear scores added; equal to ``unpool_concat``
            and cheaper), ``unpool_concat`` (features concatenated, one linear layer) or ``deconv``.

    Raises:
        InputError: unknown ``fcn_up``, or numbers that make no network.

    Source: BSC-Net supplement A.1, after SparseConvNet's FCN.

    Examples:
        >>> import torch
        >>> from bscnet.models import FCN, LayerFactory
        >>> from bscnet.sparse import SparseTensor
        >>> x = SparseTensor(torch.ones(2, 3), torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]]))
        >>> FCN(3, 20, m=8, reps=1, depth=2, layers=LayerFactory("a1w1", "shifted"))(x).shape
        torch.Size([2, 20])
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        m: int,
        reps: int,
        depth: int,
        layers: LayerFactory,
        fcn_up: FcnUp = "unpool_add",
    ) -> None:
        super().__init__()
        check_network(in_channels, num_classes, m, reps, depth)
        require_word(FcnUp, fcn_up, "fcn_up")
        widths = level_widths(m, depth)
        self.stem = layers.stem(in_channels, m)
        self.keep = layers.keep()
        self.levels = FCNLevel(layers, widths, reps, num_classes, fcn_up)
        self.head: nn.Module = nn.Identity()
        if fcn_up == "unpool_concat":
            self.head = SiteLinear(sum(widths), num_classes)
        elif fcn_up == "deconv":
            self.head = nn.Sequential(layers.norm(m), layers.kept(nn.ReLU()), SiteLinear(m, num_classes))

    def forward(self, x: SparseTensor) -> Tensor:
        """Scores ``(N, num_classes)`` in the row order of ``x``."""
        x = self.stem(x)
        return self.head(self.levels(x.replace(self.keep(x.feats))).feats)
