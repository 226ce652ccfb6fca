"""LayerFactory: which convolution, at which precision, in which layer style. Networks ask it and know nothing of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import nn

from bscnet.errors import InputError
from bscnet.nn import (
    ACTIVATIONS,
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
)
from bscnet.quantizers import (
    ESTIMATORS,
    WEIGHT_FORMS,
    WEIGHT_PENALTIES,
    WEIGHT_SCALES,
    NoisySign,
    RSign,
    SignQuantizer,
    WeightQuantizer,
)
from bscnet.search import CANDIDATES, candidate_shifts, manual_shifts, start_shifts
from bscnet.search_names import ALPHA_INITS, LOGITS, MANUALS, RELAXATIONS
from bscnet.sparse.offsets import Shift

PRECISIONS = ("a32w32", "a1w32", "a1w1")
CONVS = ("plain", "shifted", "composite")
LAYER_STYLES = ("r2b", "react", "bireal")
SFSC_LAYERS = ("all", "first", "last")
DOWN_SHORTS = ("avgpool", "maxpool", "none")


@dataclass(frozen=True)
class LayerFactory:
    """Makes the layers of one training stage.

    Args:
        precision: ``a32w32`` (real), ``a1w32`` (1-bit activations) or ``a1w1`` (binary).
        conv: 3x3x3 convolution of the SSC layers: ``plain``, ``shifted`` (SFSC) or ``composite`` (search).
        layer_style: ``r2b``: ``proj(x) + act(conv(BN(x)))``; ``react``: ``RPReLU(proj(x) + BN(conv(x)))`` with learned
            sign thresholds; ``bireal``: ``proj(x) + BN(conv(x))``.
        act: activation of ``r2b``: ``prelu``, ``rprelu`` or ``hardtanh``.
        layers_per_block: SSC layers in an SSC block, 1 or 2.
        sfsc_layers: which SSC layers of a block are shifted: ``all``, ``first`` or ``last``.
        down_short: shortcut of the downsampling layer: ``avgpool``, ``maxpool`` or ``none``.
        proj_norm: batch norm after the 1-bit projection.
        short_norm: batch norm after the real 1x1 of Conv and DeConv.
        norm_momentum: of batch norm, torch's convention.
        norm_eps: of batch norm.
        w_scale: scale of 1-bit weights, a name of ``WEIGHT_SCALES``.
        ste_act: gradient of the activations' sign, a name of ``ESTIMATORS``.
        ste_weight: gradient of the weights' sign, likewise.
        w_form: what the sign of weights is taken of, a name of ``WEIGHT_FORMS``.
        w_penalty: what 1-bit weights add to the loss, a name of ``WEIGHT_PENALTIES``.
        w_penalty_weight: its factor.
        sign_noise: signs are corrected by a small network while training (FDA, see ``SignNoise``).
        per_site_scale: a 1-bit convolution's output is scaled site by site (XNOR-Net's K, see ``SiteMagnitude``).
        scene_gate: it is scaled scene by scene (Real-to-Binary, see ``SceneGate``), in place of ``w_scale``.
        G: channel groups of a shifted or composite convolution.
        manual: initial shifts of shifted convolutions (``bscnet.search.manual_shifts``); a searched plan replaces them.
            ``random_per_layer`` is the network's matter (``NetworkSpec.build``).
        manual_seed: of ``manual=random`` and the like.
        manual_alternate: negate the manual shifts in every second layer of a block.
        cands: candidate set of the search (``bscnet.search.candidate_shifts``).
        relax: relaxation of the search, ``softmax``, ``gumbel_softmax``, ``gumbel_st`` or ``supernet``.
        share_kernel: one kernel for all candidates of the search.
        logits: of the search, ``free``, ``factorised``, ``orbits`` or ``by_level`` (see ``NetworkSpec.build``).
        alpha_init: where the search starts (``bscnet.search.start_shifts``).
        alpha_weight: pi of the shifts that it starts near.
        levels: the levels whose SSC layers are shifted or searched; None: all.

    Raises:
        InputError: a value that is none of these.

    Source: BSC-Net supplement (real first layer, real 1x1 of Conv and DeConv, 1-bit projection); the rest are switches
    where the paper is silent.
    """

    precision: str = "a1w1"
    conv: str = "plain"
    layer_style: str = "r2b"
    act: str = "prelu"
    layers_per_block: int = 2
    sfsc_layers: str = "all"
    down_short: str = "avgpool"
    proj_norm: bool = True
    short_norm: bool = True
    norm_momentum: float = 0.01
    norm_eps: float = 1e-4
    w_scale: str = "mean_abs"
    ste_act: str = "approx"
    ste_weight: str = "clip"
    w_form: str = "latent"
    w_penalty: str = "none"
    w_penalty_weight: float = 0.0
    sign_noise: bool = False
    per_site_scale: bool = False
    scene_gate: bool = False
    G: int = 4
    manual: str = "tetra4"
    manual_seed: int = 0
    manual_alternate: bool = False
    cands: str = "all27"
    relax: str = "softmax"
    share_kernel: bool = True
    logits: str = "free"
    alpha_init: str = "uniform"
    alpha_weight: float = 0.9
    levels: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("precision", self.precision, PRECISIONS),
            ("conv", self.conv, CONVS),
            ("layer_style", self.layer_style, LAYER_STYLES),
            ("sfsc_layers", self.sfsc_layers, SFSC_LAYERS),
            ("down_short", self.down_short, DOWN_SHORTS),
            ("layers_per_block", self.layers_per_block, (1, 2)),
            ("act", self.act, tuple(ACTIVATIONS)),
            ("w_scale", self.w_scale, WEIGHT_SCALES),
            ("ste_act", self.ste_act, tuple(ESTIMATORS)),
            ("ste_weight", self.ste_weight, tuple(ESTIMATORS)),
            ("w_form", self.w_form, tuple(WEIGHT_FORMS)),
            ("w_penalty", self.w_penalty, tuple(WEIGHT_PENALTIES)),
            ("manual", self.manual, MANUALS),
            ("cands", self.cands, tuple(CANDIDATES)),
            ("relax", self.relax, RELAXATIONS),
            ("logits", self.logits, LOGITS),
            ("alpha_init", self.alpha_init, ALPHA_INITS),
        ):
            if value not in allowed:
                raise InputError(f"{name} is {value!r}; allowed are {', '.join(map(str, allowed))}")
        if not 0 < self.alpha_weight <= 1:
            raise InputError(f"alpha_weight is {self.alpha_weight}; it must be above 0 and at most 1")
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
        per_layer = self.manual == "random_per_layer"  # drawn when the network is there
        shifts = manual_shifts("none" if per_layer else self.manual, self.G, self.manual_seed)
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

    def _is_shifted(self, index: int) -> bool:
        wanted = {"first": 0, "last": self.layers_per_block - 1}
        return self.sfsc_layers == "all" or index == wanted[self.sfsc_layers]

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
