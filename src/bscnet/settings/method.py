"""The config group `method`: the stages of a chain, and what is binarized, shifted and searched in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from bscnet.settings.group import OWN
from bscnet.settings.numbers import NonNegative, Positive
from bscnet.settings.quantizers import LatentSwitches, QuantizerSwitches
from bscnet.settings.search import SearchSwitches
from bscnet.settings.shifts import ShiftSwitches
from bscnet.settings.words import (
    Activation,
    AlphaInit,
    Conv,
    Init,
    LayerStyle,
    Order,
    PlanChange,
    Precision,
    SearchPrecision,
    ShiftSource,
    StageTwoInit,
)


@dataclass(frozen=True, kw_only=True)
class StageRow:
    """One training run of a method."""

    name: Annotated[str, "what the stage is for"]
    precision: Annotated[Precision, "bits of activations (a) and weights (w)"]
    conv: Annotated[Conv, "convolution of the SSC layers"]
    lr: Annotated[Positive, "learning rate of the first epoch"]
    init: Annotated[Init, "where its weights come from"]
    shifts: Annotated[ShiftSource, "where its shifts come from"] = "none"
    enabled: Annotated[bool, "whether there is this stage"] = True
    extra: Annotated[bool, "it is on top of the stages that all methods have"] = False


@dataclass(frozen=True, kw_only=True)
class MethodSettings(QuantizerSwitches, LatentSwitches, ShiftSwitches, SearchSwitches):
    """A method. What only binary, shifted or searched networks have is passed over by the others."""

    name: Annotated[str, "what the method is called"]
    G: Annotated[
        Literal[1, 2, 4, 8, 9, 16],  # layers take any number; these are those of the paper and of the presets
        "groups of output channels; 9 for the preset of nine",
    ] = 4
    stages: Annotated[tuple[StageRow, ...], "one row for each training run, in order"]
    conf_weight: Annotated[NonNegative, "factor of the confidence loss; by default that of the model's family"]
    conf_weights: Annotated[
        Mapping[str, NonNegative], "conf_weight by family of networks, where it is not given (supplement)"
    ] = field(default_factory=lambda: {"fcn": 0.1, "unet": 0.01})
    alpha_inits: Annotated[Mapping[str, AlphaInit], "alpha_init by order, where it is not given"] = field(
        default_factory=lambda: {"search_first": "uniform", "pretrain_search_final": "centre"}
    )
    search_prec: Annotated[SearchPrecision, "precision of the search stage"] = "a1w32"
    order: Annotated[
        Order,
        "of BSC-Net's stages; pretrain_search_final is the other reading of the supplement, in which search_prec and "
        "stage2_init have no say",
    ] = "search_first"
    stage2_init: Annotated[StageTwoInit, "weights of the stage after the search"] = "search"
    min_sites: Annotated[
        NonNegative | None, "in place of levels: those with so many sites a training scene, in the mean; null: all"
    ] = None
    plan: Annotated[str | None, "in place of the preset, the shifts of this plan.json"] = None
    plan_change: Annotated[PlanChange, "what is done to that plan: permuted deals its rows out anew to the layers"] = (
        "none"
    )
    extra_stage: Annotated[bool | None, OWN, "one more stage, the control for BSC-Net's search"] = None
    layer_style: Annotated[LayerStyle | None, OWN, "in place of model.layer_style"] = None
    act: Annotated[Activation | None, OWN, "in place of model.act"] = None
    orders: Annotated[Any, OWN, "stages by order"] = None
    stage2_inits: Annotated[Mapping[str, Init] | None, OWN, "first weights by stage2_init"] = None
