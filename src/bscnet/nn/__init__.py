"""Layers: sparse convolutions with optional 1-bit operands, and what stands around them."""

from bscnet.nn.activation import ACTIVATIONS, RPReLU, make_activation
from bscnet.nn.composite_conv import CompositeShiftConv3d
from bscnet.nn.conv import QuantizedConv, SparseConv3d, StridedConv3d, TransposedConv3d, binary_weights
from bscnet.nn.linear import SiteLinear
from bscnet.nn.norm import SiteNorm
from bscnet.nn.orbits import ORBITS, orbit_of
from bscnet.nn.output_factor import OutputFactor, SceneGate, SiteMagnitude
from bscnet.nn.quantizer_hooks import calibrate, penalty, set_progress
from bscnet.nn.relaxation import importance
from bscnet.nn.resample import AvgPool, MaxPool, unpool
from bscnet.nn.residual import Float16Rounding, make_keeper, rounded_to_float16
from bscnet.nn.shifted_conv import ShiftedSparseConv3d

__all__ = [
    "ACTIVATIONS",
    "ORBITS",
    "AvgPool",
    "CompositeShiftConv3d",
    "Float16Rounding",
    "MaxPool",
    "OutputFactor",
    "QuantizedConv",
    "RPReLU",
    "SceneGate",
    "ShiftedSparseConv3d",
    "SiteLinear",
    "SiteMagnitude",
    "SiteNorm",
    "SparseConv3d",
    "StridedConv3d",
    "TransposedConv3d",
    "binary_weights",
    "calibrate",
    "importance",
    "make_activation",
    "make_keeper",
    "orbit_of",
    "penalty",
    "rounded_to_float16",
    "set_progress",
    "unpool",
]
