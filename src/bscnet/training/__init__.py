"""Training a stage: Lightning modules, checkpoints and how they are carried, and `run_stage`.

Names are loaded on first use: the planner reads `bscnet.training.stage` and needs neither torch nor Lightning.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bscnet.training.checkpoint import read_checkpoint
    from bscnet.training.fit import run_stage
    from bscnet.training.search import SearchModule
    from bscnet.training.segmentation import SegmentationModule
    from bscnet.training.stage import StageOutcome, StageSpec
    from bscnet.training.wandb_report import WandbReport

__all__ = [
    "SearchModule",
    "SegmentationModule",
    "StageOutcome",
    "StageSpec",
    "WandbReport",
    "read_checkpoint",
    "run_stage",
]

_MODULE_OF = {
    "SearchModule": "search",
    "SegmentationModule": "segmentation",
    "StageOutcome": "stage",
    "StageSpec": "stage",
    "WandbReport": "wandb_report",
    "read_checkpoint": "checkpoint",
    "run_stage": "fit",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
