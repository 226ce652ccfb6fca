"""UNET: encoder, decoder and a skip connection at every level, as one recursive definition."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from bscnet.models.blocks import conv_layer, deconv_layer, ssc_blocks
from bscnet.models.layers import LayerFactory
from bscnet.models.widths import check_network, level_widths
from bscnet.nn import SiteLinear, make_activation
from bscnet.sparse import SparseTensor


class UNetLevel(nn.Module):
    """One level and all below it: blocks; and unless at the bottom, down, deeper, up, concatenate, blocks.

    Args:
        layers: makes the layers.
        widths: channels of this level and of each deeper one.
        reps: SSC blocks on each side.
        level: which one it is.
    """

    def __init__(self, layers: LayerFactory, widths: tuple[int, ...], reps: int, level: int = 0) -> None:
        super().__init__()
        width, *below = widths
        own = layers.at_level(level)
        self.encoder = ssc_blocks(own, width, width, reps)
        self.deeper: UNetLevel | None = None
        if below:
            self.down = conv_layer(layers, width, below[0])
            self.deeper = UNetLevel(layers, tuple(below), reps, level + 1)
            self.up = deconv_layer(layers, below[0], width)
            self.decoder = ssc_blocks(own, 2 * width, width, reps)

    def forward(self, x: SparseTensor) -> SparseTensor:
        """Features of this level's width on this level's sites."""
        x = self.encoder(x)
        if self.deeper is None:
            return x
        up = self.up(self.deeper(self.down(x)), x.sites)
        return self.decoder(x.replace(torch.cat([x.feats, up.feats], dim=1)))


class UNet(nn.Module):
    """Sparse U-Net of BSC-Net: UNET-S is m=16, reps=1, depth=6; UNET-H is m=32, reps=2, depth=6.

    Width at level i is ``m * (i + 1)``.

    Args:
        in_channels: features of a site, 3 for RGB.
        num_classes: scores a site.
        m: channels at level 0 and added at each level.
        reps: SSC blocks a level and side.
        depth: downsamplings.
        layers: makes the layers.
        head_norm: batch norm and activation before the linear head.

    Source: BSC-Net supplement A.1, after SparseConvNet's U-Net.

    Examples:
        >>> import torch
        >>> from bscnet.models import LayerFactory, UNet
        >>> from bscnet.sparse import SparseTensor
        >>> x = SparseTensor(torch.ones(2, 3), torch.tensor([[0, 0, 0, 0], [0, 1, 0, 0]]))
        >>> UNet(3, 20, m=8, reps=1, depth=2, layers=LayerFactory("a1w1", "shifted"))(x).shape
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
        head_norm: bool = True,
    ) -> None:
        super().__init__()
        check_network(in_channels, num_classes, m, reps, depth)
        self.stem = layers.stem(in_channels, m)
        self.keep = layers.keep()
        self.levels = UNetLevel(layers, level_widths(m, depth), reps)
        self.head_norm: nn.Module = nn.Identity()
        if head_norm:
            self.head_norm = nn.Sequential(layers.norm(m), make_activation("prelu", m), layers.keep())
        self.head = SiteLinear(m, num_classes)

    def forward(self, x: SparseTensor) -> Tensor:
        """Scores ``(N, num_classes)`` in the row order of ``x``."""
        x = self.stem(x)
        x = self.levels(x.replace(self.keep(x.feats)))
        return self.head(self.head_norm(x.feats))
