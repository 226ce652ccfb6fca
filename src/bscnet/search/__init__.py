"""The differentiable search for shifts: candidates, confidence loss, discretisation."""

from bscnet.search.candidates import CANDIDATES, MANUAL, candidate_shifts, manual_shifts
from bscnet.search.confidence import CONFIDENCE, REDUCTIONS, confidence_loss, reduce_confidence, search_state
from bscnet.search.discretise import (
    apply_plan,
    composite_layers,
    current_plan,
    discretise,
    discretised_state,
    set_temperature,
    shifted_layers,
)
from bscnet.search.plan import ShiftPlan

__all__ = [
    "CANDIDATES",
    "CONFIDENCE",
    "MANUAL",
    "REDUCTIONS",
    "ShiftPlan",
    "apply_plan",
    "candidate_shifts",
    "composite_layers",
    "confidence_loss",
    "current_plan",
    "discretise",
    "discretised_state",
    "manual_shifts",
    "reduce_confidence",
    "search_state",
    "set_temperature",
    "shifted_layers",
]
