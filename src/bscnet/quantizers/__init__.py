"""1-bit quantizers and the surrogate gradients they train with."""

from bscnet.quantizers.forms import WEIGHT_FORMS
from bscnet.quantizers.gradients import ESTIMATORS, approx_gradient, clip_gradient
from bscnet.quantizers.penalties import WEIGHT_PENALTIES
from bscnet.quantizers.scales import WEIGHT_SCALES, LearnedScale, MeanAbsScale, mean_abs_scale
from bscnet.quantizers.sign import NoisySign, RSign, SignQuantizer, sign, sign_ste
from bscnet.quantizers.weight import WeightQuantizer

__all__ = [
    "ESTIMATORS",
    "WEIGHT_FORMS",
    "WEIGHT_PENALTIES",
    "WEIGHT_SCALES",
    "LearnedScale",
    "MeanAbsScale",
    "NoisySign",
    "RSign",
    "SignQuantizer",
    "WeightQuantizer",
    "approx_gradient",
    "clip_gradient",
    "mean_abs_scale",
    "sign",
    "sign_ste",
]
