"""Training a stage: Lightning modules, checkpoints and how they are carried, and `run_stage`.

Names are loaded on first use: the planner reads `bscnet.training.stage` and needs neither torch nor Lightning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscnet.lazy import lazy_names

if TYPE_CHECKING:
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
    "run_stage",
]

_MODULE_OF = {
    "SearchModule": "search",
    "SegmentationModule": "segmentation",
    "StageOutcome": "stage",
    "StageSpec": "stage",
    "WandbReport": "wandb_report",
    "run_stage": "fit",
}

__getattr__ = lazy_names(__name__, _MODULE_OF)
