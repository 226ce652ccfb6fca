"""The closed words of the settings, each list once: for whoever implements them, and whoever checks one without torch.

Whoever implements words has a table from each of them to what it stands for, of a type such as `dict[Estimator, …]`,
and takes from it by `chosen`. The default comes first, but among backends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar, get_args

from bscnet.settings.rules import OneOf, refusal

K = TypeVar("K")
V = TypeVar("V")

Precision = Literal["a32w32", "a1w32", "a1w1"]
"""Bits of activations (a) and weights (w)."""

Conv = Literal["plain", "shifted", "composite"]
"""Convolution of the SSC layers: plain, with shifts (SFSC), or the search's mixture."""

Init = Literal["random", "carried"]
"""Where a stage's first weights come from."""

ShiftSource = Literal["none", "manual", "searched"]
"""Where a stage's shifts come from: a preset or a plan given as a file, or the search."""

SearchPrecision = Literal["a1w32", "a1w1", "a32w32"]

Order = Literal["search_first", "pretrain_search_final"]
"""Of BSC-Net's stages."""

StageTwoInit = Literal["search", "scratch"]
"""Weights of the stage after the search."""

Family = Literal["fcn", "unet"]

FcnUp = Literal["unpool_add", "unpool_concat", "deconv"]
"""How the levels of an FCN reach full resolution."""

LayerStyle = Literal["r2b", "react", "bireal"]
"""r2b: proj(x) + act(conv(BN(x))); react: RPReLU(proj(x) + BN(conv(x))), learned sign thresholds; bireal: proj(x) +
BN(conv(x))."""

Activation = Literal["prelu", "rprelu", "hardtanh"]

DownShort = Literal["avgpool", "maxpool", "none"]
"""Shortcut of the downsampling layer."""

Residual = Literal["float32", "float16"]
"""Numbers of the residual stream."""

SfscLayers = Literal["all", "first", "last"]
"""SSC layers of a block."""

Estimator = Literal["approx", "clip", "identity", "ede", "sign_swish", "fourier"]
"""Surrogate gradients of the sign."""

WeightForm = Literal["latent", "centred", "standardized", "rectified", "recurrent"]
"""What the sign of weights is taken of."""

WeightScaling = Literal[
    "mean_abs", "learned", "none", "mean_abs_gradient", "learned_from_mean_abs", "layer", "power_of_two"
]
"""Scales of 1-bit weights."""

WeightPenalty = Literal["none", "manhattan", "bilinear"]
"""What 1-bit weights add to the loss."""

Preset = Literal["tetra4", "corners8", "faces8", "center_corners"]
"""Tables of shifts."""

Manual = Literal[Preset, "random", "random_per_layer", "none"]
"""Shifts that no search decides: a table, drawn once, drawn for each layer, or none."""

AlphaInit = Literal["uniform", "centre", Preset, "random"]
"""Where the search starts."""

PlanChange = Literal["none", "permuted", "mirrored"]
"""What is done to a plan from a file: nothing, its rows dealt out anew to the layers, every shift turned round."""

Candidates = Literal["all27", "corners9", "faces7"]
"""Candidate shifts of the search."""

Logits = Literal["free", "factorised", "orbits", "by_level"]
"""One for each shift; pi_x pi_y pi_z; one for each height and reach; as free, shared by a level's layers."""

Relaxation = Literal["softmax", "gumbel_softmax", "gumbel_st", "supernet"]
"""How a group's choice among shifts is relaxed while the search trains."""

Decision = Literal["argmax", "mean", "perturbation"]
"""How the plan is decided at the end of a search."""

RankingSplit = Literal["val", "train"]

Confidence = Literal["entropy", "one_minus_max", "nll_max", "neg_l2"]
"""Confidence losses of a group's weights."""

Reduction = Literal["paper", "mean", "sum"]
"""Of the confidence loss over groups and layers."""

Budget = Literal["per_stage", "per_chain", "final_stages"]
"""What `recipe.epochs` counts."""

Carried = Literal["last", "best"]
"""Which checkpoint goes on to the next stage."""

OptimizerName = Literal["adam", "adamw", "sgd"]
"""Those of `torch.optim`."""

ScheduleName = Literal["steps", "one_cycle", "cosine"]
"""How the learning rate goes over a stage."""

ClassWeights = Literal["none", "inverse", "sqrt_inverse", "log_inverse"]
"""How the weight of a class follows from its share of the training points."""

Augmentation = Literal[
    "dropout", "crop", "affine", "mirror", "rotate", "scale", "elastic", "color_shift", "color_jitter"
]
"""What an entry of a list of augmentations may be called."""

ClipAlgorithm = Literal["norm", "value"]
"""What of a gradient is cut: its norm, or each entry."""

Backend = Literal["minkowski", "native", "spconv_triton", "torch"]

BackendChoice = Literal["auto", Backend]
"""auto: MinkowskiEngine where it works, else torch."""

PaletteName = Literal["distinct", "scannet"]
"""Colours of classes: told apart by dichromats too, or those that ScanNet published."""

LoggerName = Literal["csv", "wandb", "tensorboard", "mlflow"]

Accelerator = Literal["auto", "cpu", "gpu", "cuda"]

MixedPrecision = Literal["16-mixed", "bf16-mixed"]

MatmulPrecision = Literal["highest", "high", "medium"]

DistillKind = Literal["logits", "attention"]
"""What is compared with the teacher: answers at all points, or where the levels answer strongly."""


def words(kind: Any) -> tuple[Any, ...]:
    """The words of a `Literal`."""
    return get_args(kind)


PRESET_GROUPS: dict[Preset, int] = {"tetra4": 4, "corners8": 8, "faces8": 8, "center_corners": 9}
"""How many groups of channels a table of shifts is made for."""

BACKENDS: tuple[Backend, ...] = words(Backend)
MIXED_PRECISIONS: tuple[MixedPrecision, ...] = words(MixedPrecision)


def require_word(kind: Any, word: object, switch: str) -> None:
    """See that a word is one of a `Literal`'s; InputError: it is none, said of the setting `switch`."""
    if word not in words(kind):
        raise refusal(switch, word, OneOf(words(kind)))


def chosen(table: Mapping[K, V], word: K, switch: str) -> V:
    """What a word of a table stands for; InputError: it is none of them, said of the setting `switch`."""
    if word not in table:
        raise refusal(switch, word, OneOf(tuple(table)))
    return table[word]
