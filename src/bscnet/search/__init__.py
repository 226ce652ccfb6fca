"""The differentiable search for shifts: candidates, confidence loss, decision, discretisation."""

from bscnet.search.candidates import CANDIDATES, MANUAL, candidate_shifts, manual_shifts, start_shifts
from bscnet.search.confidence import CONFIDENCE, confidence_loss, reduce_confidence
from bscnet.search.decide import MeanImportance, shift_losses
from bscnet.search.discretise import (
    apply_plan,
    composite_layers,
    current_plan,
    discretise,
    discretised_state,
    shifted_layers,
)
from bscnet.search.gradient import GradientSignal
from bscnet.search.levels import layer_level, share_by_level
from bscnet.search.plan import ShiftPlan
from bscnet.search.plan_change import changed, mirrored, permuted, random_plan
from bscnet.search.state import is_decided, orbit_counts, search_state, search_summary
from bscnet.search.temperature import set_temperature, temperature_at

__all__ = [
    "CANDIDATES",
    "CONFIDENCE",
    "MANUAL",
    "GradientSignal",
    "MeanImportance",
    "ShiftPlan",
    "apply_plan",
    "candidate_shifts",
    "changed",
    "composite_layers",
    "confidence_loss",
    "current_plan",
    "discretise",
    "discretised_state",
    "is_decided",
    "layer_level",
    "manual_shifts",
    "mirrored",
    "orbit_counts",
    "permuted",
    "random_plan",
    "reduce_confidence",
    "search_state",
    "search_summary",
    "set_temperature",
    "share_by_level",
    "shift_losses",
    "shifted_layers",
    "start_shifts",
    "temperature_at",
]
