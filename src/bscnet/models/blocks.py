"""SSC layer, SSC block, Conv and DeConv: one residual unit with different convolutions and shortcuts."""

from __future__ import annotations

from torch import Tensor, nn

from bscnet.models.layers import LayerFactory
from bscnet.nn import QuantizedConv, SparseConv3d, unpool
from bscnet.nn.fusion import activated, fuses, operands_of
from bscnet.sparse import Sites, SparseTensor
from bscnet.sparse.operand import Operand


class ResidualUnit(nn.Module):
    """``keep(after(post(conv(pre(x))) + shortcut))``.

    Args:
        layers: gives pre, post and after by its layer style, and keep by its residual stream's numbers.
        conv: the convolution; decides the output sites.
        shortcut: ``IdentityShortcut``, ``ProjectionShortcut``, ``DownShortcut``, ``UpShortcut`` or None for none.
    """

    def __init__(self, layers: LayerFactory, conv: QuantizedConv, shortcut: nn.Module | None) -> None:
        super().__init__()
        self.pre = layers.before_conv(conv.in_channels)
        self.conv = conv
        self.post = layers.after_conv(conv.out_channels)
        self.shortcut = shortcut
        self.after = layers.after_sum(conv.out_channels)
        self.keep = layers.keep()

    def forward(self, x: SparseTensor, fine: Sites | None = None) -> SparseTensor:
        """Apply; ``fine`` are the output sites of an upsampling layer."""
        if fuses(self, x.feats):
            return self._fused(x, fine)
        h = x.replace(self.pre(x.feats))
        y = self.conv(h, fine)
        feats = self.post(y.feats)
        if self.shortcut is not None:
            feats = feats + self.shortcut(x, h, fine).feats
        return y.replace(self.keep(self.after(feats)), y.sites)

    def _fused(self, x: SparseTensor, fine: Sites | None) -> SparseTensor:
        """The same by the operations of `bscnet.fused`."""
        projection = self.shortcut if isinstance(self.shortcut, ProjectionShortcut) else None
        readers = [self.conv] if projection is None else [self.conv, projection.conv]
        operands, x = operands_of(self.pre, [conv.input_quantizer for conv in readers], x)
        y, scale = self.conv.sums(x, operands[0], fine)
        shortcut = None
        if projection is not None:
            shortcut = projection.of_operand(x, operands[1])
        elif self.shortcut is not None:
            shortcut = self.shortcut(x, x, fine).feats
        feats = activated(self.post, y.feats, scale, shortcut, self.conv.whole_sums)
        return y.replace(self.keep(self.after(feats)), y.sites)


class IdentityShortcut(nn.Module):
    """The layer's input as it is."""

    def forward(self, x: SparseTensor, h: SparseTensor, fine: Sites | None) -> SparseTensor:
        """See the class."""
        return x


class ProjectionShortcut(nn.Module):
    """1x1 convolution of the stage's precision where channels differ, then batch norm if ``proj_norm``.

    Reads what the layer's main convolution reads (``h``), so both binarize the same values.
    """

    def __init__(self, layers: LayerFactory, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = layers.pointwise(in_channels, out_channels)
        self.norm = layers.norm(out_channels) if layers.proj_norm else nn.Identity()
        self.keep = layers.keep()

    def forward(self, x: SparseTensor, h: SparseTensor, fine: Sites | None) -> SparseTensor:
        """See the class."""
        y = self.conv(h)
        return y.replace(self.keep(self.norm(y.feats)))

    def of_operand(self, x: SparseTensor, operand: Operand) -> Tensor:
        """The features, from what the convolution reads; ``x`` tells the sites."""
        y, scale = self.conv.sums(x, operand, None)
        return self.keep(self.norm(y.feats if scale is None else y.feats * scale))


class DownShortcut(nn.Module):
    """Pool 2x2x2, real 1x1 convolution, batch norm if ``short_norm``."""

    def __init__(self, layers: LayerFactory, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.pool = layers.pool()
        self.conv = SparseConv3d(in_channels, out_channels, 1)
        self.norm = layers.norm(out_channels) if layers.short_norm else nn.Identity()
        self.keep = layers.keep()

    def forward(self, x: SparseTensor, h: SparseTensor, fine: Sites | None) -> SparseTensor:
        """See the class."""
        y = self.conv(self.pool(x))
        return y.replace(self.keep(self.norm(y.feats)))


class UpShortcut(nn.Module):
    """Real 1x1 convolution on the coarse sites, unpool, batch norm if ``short_norm``.

    The convolution commutes with unpooling and has an eighth of the work before it; the norm does not commute (its
    statistics are over the fine sites), so it comes after.
    """

    def __init__(self, layers: LayerFactory, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = SparseConv3d(in_channels, out_channels, 1)
        self.norm = layers.norm(out_channels) if layers.short_norm else nn.Identity()
        self.keep = layers.keep()

    def forward(self, x: SparseTensor, h: SparseTensor, fine: Sites) -> SparseTensor:
        """See the class."""
        y = unpool(self.conv(x), fine)
        return y.replace(self.keep(self.norm(y.feats)))


def ssc_block(layers: LayerFactory, in_channels: int, out_channels: int) -> nn.Sequential:
    """``layers_per_block`` SSC layers; the first changes the number of channels."""
    units = []
    for index in range(layers.layers_per_block):
        same = in_channels == out_channels
        shortcut = IdentityShortcut() if same else ProjectionShortcut(layers, in_channels, out_channels)
        units.append(ResidualUnit(layers, layers.ssc(in_channels, out_channels, index), shortcut))
        in_channels = out_channels
    return nn.Sequential(*units)


def ssc_blocks(layers: LayerFactory, in_channels: int, out_channels: int, reps: int) -> nn.Sequential:
    """``reps`` SSC blocks in a row."""
    return nn.Sequential(*(ssc_block(layers, out_channels if i else in_channels, out_channels) for i in range(reps)))


def conv_layer(layers: LayerFactory, in_channels: int, out_channels: int) -> ResidualUnit:
    """Conv: the downsampling layer."""
    shortcut = None if layers.down_short == "none" else DownShortcut(layers, in_channels, out_channels)
    return ResidualUnit(layers, layers.strided(in_channels, out_channels), shortcut)


def deconv_layer(layers: LayerFactory, in_channels: int, out_channels: int) -> ResidualUnit:
    """DeConv: the upsampling layer; without a shortcut where ``down_short`` is ``none``."""
    shortcut = None if layers.down_short == "none" else UpShortcut(layers, in_channels, out_channels)
    return ResidualUnit(layers, layers.transposed(in_channels, out_channels), shortcut)
