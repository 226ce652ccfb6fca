"""1-bit quantizers and the surrogate gradients they train with."""

from bscnet.quantizers.sign import ESTIMATORS, RSign, SignQuantizer, approx_gradient, clip_gradient, sign, sign_ste
from bscnet.quantizers.weight import WEIGHT_SCALES, LearnedScale, MeanAbsScale, WeightQuantizer, mean_abs_scale

__all__ = [
    "ESTIMATORS",
    "WEIGHT_SCALES",
    "LearnedScale",
    "MeanAbsScale",
    "RSign",
    "SignQuantizer",
    "WeightQuantizer",
    "approx_gradient",
    "clip_gradient",
    "mean_abs_scale",
    "sign",
    "sign_ste",
]
