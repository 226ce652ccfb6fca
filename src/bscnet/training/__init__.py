"""Training a stage: Lightning modules, checkpoints and how they are carried, and `run_stage`.

Names are loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bscnet.lazy import lazy_names

if TYPE_CHECKING:
    from bscnet.training.fit import run_stage
    from bscnet.training.search import SearchModule
    from bscnet.training.segmentation import SegmentationModule
    from bscnet.training.wandb_report import WandbReport

__all__ = [
    "SearchModule",
    "SegmentationModule",
    "WandbReport",
    "run_stage",
]

_MODULE_OF = {
    "SearchModule": "search",
    "SegmentationModule": "segmentation",
    "WandbReport": "wandb_report",
    "run_stage": "fit",
}

__getattr__ = lazy_names(__name__, _MODULE_OF)
