"""Parameters, multiply-accumulates and bytes of a network, from true pair counts.

Conventions: FLOPs are multiply-accumulates with at least one real operand, BOPs those of two 1-bit operands,
OPs = FLOPs + BOPs / 64; element-wise work is counted beside them and not in them.
"""

from bscnet.cost.counts import LevelCounts, count_levels, mean_counts
from bscnet.cost.layer import LayerCost, layer_cost, operations
from bscnet.cost.parameters import ParameterCounts, module_parameters
from bscnet.cost.profile import Profile, profile_network
from bscnet.cost.trace import TracedLayer, trace_layers

__all__ = [
    "LayerCost",
    "LevelCounts",
    "ParameterCounts",
    "Profile",
    "TracedLayer",
    "count_levels",
    "layer_cost",
    "mean_counts",
    "module_parameters",
    "operations",
    "profile_network",
    "trace_layers",
]
