"""Where the shifts of a stage come from, if they come from a file, and which levels have shifts."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import numpy as np

from bscnet.chain.build import build_datamodule
from bscnet.errors import InputError
from bscnet.runs.stage import StageSpec
from bscnet.search import ShiftPlan, changed
from bscnet.settings.composed import Settings

if TYPE_CHECKING:
    from bscnet.data.datamodule import ScanDataModule

_SCENES = 16


def stage_plan(settings: Settings, spec: StageSpec, searched: str | Path | None) -> ShiftPlan | None:
    """The plan that a stage's shifts are set to: what a search decided, or `method.plan` changed as asked; else None.

    Args:
        settings: of the chain.
        spec: the stage.
        searched: where the plan of a search is.

    Raises:
        InputError: a file that is no plan.
    """
    method = settings.method
    if spec.shifts == "searched" and searched is not None:
        return ShiftPlan.load(searched)
    if spec.shifts == "manual" and method.plan is not None:
        return changed(ShiftPlan.load(method.plan), method.plan_change, method.manual_seed)
    return None


def with_levels(settings: Settings, datamodule: ScanDataModule | None = None) -> Settings:
    """The settings with `method.levels` filled in where `method.min_sites` decides it.

    Args:
        settings: of the chain.
        datamodule: its data; None makes it, if it is needed.

    Raises:
        InputError: no level has so many sites.
    """
    method = settings.method
    if method.min_sites is None:
        return settings
    sites = mean_sites(datamodule or build_datamodule(settings), settings.model.network.depth + 1)
    levels = [level for level, count in enumerate(sites) if count >= method.min_sites]
    if not levels:
        raise InputError(
            f"method.min_sites={method.min_sites:g} leaves no level to shift: the finest has {sites[0]:.0f} sites"
        )
    return settings.changed("method", levels=levels)


def mean_sites(datamodule: ScanDataModule, levels: int) -> list[float]:
    """Mean active sites a scene at each level, over the first training scenes, placed as for evaluation."""
    dataset = datamodule.eval_dataset("train")
    coords = [np.asarray(dataset.placed(scene).voxels.coords) for scene in dataset.scenes[:_SCENES]]
    return [fmean(len(np.unique(xyz >> level, axis=0)) for xyz in coords) for level in range(levels)]
