"""Operations of a network's layers that stand for several modules: fewer passes, and less kept for the backward pass.

Each has a body in plain torch and one in Triton, for CUDA. They take float32 (composite kernels: any type); the modules
of `bscnet.quantizers` and `bscnet.nn` say what they compute, in any type.
"""

from bscnet.fused.activation import scaled_prelu
from bscnet.fused.composite import mixed_kernels, mixtures
from bscnet.fused.norm import FUSED_ESTIMATORS, Norm, norm_sign, normalized, normalized_operand, sign_operand
from bscnet.fused.weight import weight_signs, weight_signs_and_scale

__all__ = [
    "FUSED_ESTIMATORS",
    "Norm",
    "mixed_kernels",
    "mixtures",
    "norm_sign",
    "normalized",
    "normalized_operand",
    "scaled_prelu",
    "sign_operand",
    "weight_signs",
    "weight_signs_and_scale",
]
