"""LayerFactory: which convolution, at which precision, in which layer style. Networks ask it and know nothing of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import nn

from bscnet.errors import InputError
from bscnet.nn import (
    AvgPool,
    CompositeShiftConv3d,
    MaxPool,
    OutputFactor,
    QuantizedConv,
    SceneGate,
    ShiftedSparseConv3d,
    SiteMagnitude,
    SiteNorm,
    SparseConv3d,
    StridedConv3d,
    TransposedConv3d,
    make_activation,
    make_keeper,
)
from bscnet.quantizers import (
    NoisySign,
    RSign,
    SignQuantizer,
    WeightQuantizer,
)
from bscnet.search import candidate_shifts, manual_shifts, start_shifts
from bscnet.settings.check import check
from bscnet.settings.group import as_plain
from bscnet.settings.model import BlockSwitches
from bscnet.settings.quantizers import QuantizerSwitches
from bscnet.settings.shifts import ShiftSwitches
from bscnet.settings.words import Conv, Precision
from bscnet.sparse.offsets import Shift


@dataclass(frozen=True)
class LayerFactory(BlockSwitches, QuantizerSwitches, ShiftSwitches):
    """Makes the layers of one training stage.

    Its switches are those of the settings, whose fields say what they mean (``bscnet.settings``): ``BlockSwitches`` of
    a model, ``QuantizerSwitches`` and ``ShiftSwitches`` of a method. ``manual`` are the first shifts of shifted
    convolutions, which a searched plan replaces; ``manual=random_per_layer`` and ``logits=by_level`` are the network's
    matter (``NetworkSpec.build``).

    Args:
        precision: ``a32w32`` (real), ``a1w32`` (1-bit activations) or ``a1w1`` (binary).
        conv: 3x3x3 convolution of the SSC layers: ``plain``, ``shifted`` (SFSC) or ``composite`` (search).
        norm_momentum: of batch norm, torch's convention.
        norm_eps: of batch norm.

    Raises:
        InputError: a value that is none of these.

    Source: BSC-Net supplement (real first layer, real 1x1 of Conv and DeConv, 1-bit projection); the rest are switches
    where the paper is silent.

    Examples:
        >>> from bscnet.models import LayerFactory
        >>> LayerFactory("a1w32", "composite", cands="faces7").precision
        'a1w32'
    """

    precision: Precision = "a1w1"
    conv: Conv = "plain"
    norm_momentum: float = 0.01
    norm_eps: float = 1e-4

    def __post_init__(self) -> None:
        check(LayerFactory, as_plain(self))
        if self.per_site_scale and self.scene_gate:
            raise InputError("per_site_scale and scene_gate are both on; an output takes one factor")
        if self.sign_noise and self.layer_style == "react":
            raise InputError("sign_noise is on and layer_style is react; allowed with sign_noise are r2b, bireal")

    def at_level(self, level: int) -> LayerFactory:
        """What makes the layers of one level: SSC layers are plain where it is not among ``levels``."""
        return self if self.levels is None or level in self.levels else replace(self, conv="plain")

    @property
    def binary_activations(self) -> bool:
        """Whether convolutions see signs."""
        return self.precision != "a32w32"

    def stem(self, in_channels: int, out_channels: int) -> SparseConv3d:
        """The first SSC layer: real-valued, no shortcut."""
        return SparseConv3d(in_channels, out_channels)

    def ssc(self, in_channels: int, out_channels: int, index: int) -> QuantizedConv:
        """The 3x3x3 convolution of SSC layer ``index`` of a block."""
        channels = in_channels, out_channels
        if self.conv == "plain" or not self._is_shifted(index):
            return self._quantized(SparseConv3d(*channels, 3))
        if self.conv == "composite":
            return self._quantized(self._composite(*channels, index))
        manual = "none" if self.manual == "random_per_layer" else self.manual  # drawn when the network is there
        shifts = manual_shifts(manual, self.G, self.manual_seed)
        return self._quantized(ShiftedSparseConv3d(*channels, self._alternated(shifts, index)))

    def _composite(self, in_channels: int, out_channels: int, index: int) -> CompositeShiftConv3d:
        start = start_shifts(self.alpha_init, self.G, self.manual_seed)
        return CompositeShiftConv3d(
            in_channels,
            out_channels,
            self.G,
            candidate_shifts(self.cands),
            relax=self.relax,
            share_kernel=self.share_kernel,
            logits=self.logits,
            start=None if start is None else self._alternated(start, index),
            start_weight=self.alpha_weight,
        )

    def _alternated(self, shifts: tuple[Shift, ...], index: int) -> tuple[Shift, ...]:
        """A preset's shifts in SSC layer ``index`` of a block."""
        return tuple((-x, -y, -z) for x, y, z in shifts) if self.manual_alternate and index % 2 else shifts

    def pointwise(self, in_channels: int, out_channels: int) -> QuantizedConv:
        """The 1x1 projection of an SSC layer, of the stage's precision."""
        return self._quantized(SparseConv3d(in_channels, out_channels, 1))

    def strided(self, in_channels: int, out_channels: int) -> QuantizedConv:
        """The convolution of the downsampling layer."""
        return self._quantized(StridedConv3d(in_channels, out_channels))

    def transposed(self, in_channels: int, out_channels: int) -> QuantizedConv:
        """The convolution of the upsampling layer."""
        return self._quantized(TransposedConv3d(in_channels, out_channels))

    def pool(self) -> nn.Module:
        """Pooling of the downsampling layer's shortcut."""
        return AvgPool() if self.down_short == "avgpool" else MaxPool()

    def norm(self, channels: int) -> SiteNorm:
        """Batch norm."""
        return SiteNorm(channels, self.norm_eps, self.norm_momentum)

    def before_conv(self, channels: int) -> nn.Module:
        """What comes between the layer's input and the convolution's quantizer."""
        if self.layer_style == "r2b":
            return self.norm(channels)
        # Without a sign, bireal would be a linear network; ReLU stands in for it in the real model.
        return nn.Identity() if self.binary_activations or self.layer_style == "react" else nn.ReLU()

    def after_conv(self, channels: int) -> nn.Module:
        """What comes between the convolution and the addition of the shortcut."""
        return make_activation(self.act, channels) if self.layer_style == "r2b" else self.norm(channels)

    def after_sum(self, channels: int) -> nn.Module:
        """What comes after the addition of the shortcut."""
        return make_activation("rprelu", channels) if self.layer_style == "react" else nn.Identity()

    def keep(self) -> nn.Module:
        """What a value passes through that is kept for a later layer."""
        return make_keeper(self.residual)

    def kept(self, module: nn.Module) -> nn.Module:
        """A module without parameters whose result is kept."""
        return module if self.residual == "float32" else nn.Sequential(module, self.keep())

    def _is_shifted(self, index: int) -> bool:
        wanted = {"all": index, "first": 0, "last": self.layers_per_block - 1}
        return index == wanted[self.sfsc_layers]

    def _quantized(self, conv: QuantizedConv) -> QuantizedConv:
        """The convolution with the quantizers of the stage."""
        if self.binary_activations:
            conv.input_quantizer = self._input_quantizer(conv.in_channels)
            conv.output_factor = self._output_factor(conv)
        if self.precision == "a1w1":
            conv.weight_quantizer = WeightQuantizer(
                conv.out_channels,
                "none" if self.scene_gate else self.w_scale,
                self.w_form,
                self.ste_weight,
                self.w_penalty,
                self.w_penalty_weight,
                self.sign_noise,
                tuple(conv.weight.shape),
            )
        return conv

    def _input_quantizer(self, channels: int) -> SignQuantizer:
        if self.sign_noise:
            return NoisySign(channels, self.ste_act)
        return RSign(channels, self.ste_act) if self.layer_style == "react" else SignQuantizer(self.ste_act)

    def _output_factor(self, conv: QuantizedConv) -> OutputFactor | None:
        if self.scene_gate:
            return SceneGate(conv.in_channels, conv.out_channels)
        return SiteMagnitude() if self.per_site_scale else None
