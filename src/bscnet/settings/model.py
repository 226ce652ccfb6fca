"""The config group `model`: a network's family, size and blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from bscnet.settings.group import LATER, OWN
from bscnet.settings.numbers import Count
from bscnet.settings.words import Activation, DownShort, Family, FcnUp, LayerStyle, Residual


@dataclass(frozen=True, kw_only=True)
class BlockSwitches:
    """What a block is made of. The supplement has r2b with PReLU; the rest are switches where it is silent."""

    layer_style: Annotated[
        LayerStyle,
        "r2b: proj(x) + act(conv(BN(x))); react: RPReLU(proj(x) + BN(conv(x))) with learned sign thresholds; bireal: "
        "proj(x) + BN(conv(x))",
    ] = "r2b"
    act: Annotated[Activation, "activation of layer_style=r2b"] = "prelu"
    layers_per_block: Annotated[Literal[1, 2], "SSC layers in an SSC block"] = 2
    down_short: Annotated[DownShort, "shortcut of Conv"] = "avgpool"
    proj_norm: Annotated[bool, "batch norm after the 1-bit projection of an SSC layer"] = True
    short_norm: Annotated[bool, "batch norm after the real 1x1 of Conv and DeConv"] = True
    residual: Annotated[
        Residual,
        LATER,
        "what is kept from layer to layer (the residual stream, results of shortcuts) is rounded to these numbers; the "
        "engine holds float16 in 16 bits",
    ] = "float32"


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Numbers of the network (SparseConvNet's layout), and what only its family has."""

    m: Annotated[Count, "filters that each level adds"]
    reps: Annotated[Count, "blocks at each level"]
    depth: Annotated[Count, "downsamplings: one less than levels"]
    fcn_up: Annotated[FcnUp | None, OWN, "of an FCN: how its levels reach full resolution"] = None
    head_norm: Annotated[bool | None, OWN, "of a U-Net: batch norm and activation before the head"] = None


@dataclass(frozen=True, kw_only=True)
class ModelSettings(BlockSwitches):
    """A network without its input, its classes and its stage."""

    name: Annotated[str, "what the model is called"]
    family: Annotated[Family, "of U-Nets or of FCNs"]
    network: Sizes
