"""The network of one stage of a chain, with the shifts that its search decided."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bscnet.chain.build import build_network
from bscnet.chain.plans import stage_plan, with_levels
from bscnet.chain.stages import method_stages
from bscnet.chain.validate import wanted_stages
from bscnet.runs.stage import StageSpec
from bscnet.search import apply_plan
from bscnet.settings.composed import Settings

if TYPE_CHECKING:
    from torch import nn


def stage_network(settings: Settings, stage: Any, plan_path: str | Path | None) -> tuple[StageSpec, nn.Module]:
    """What a stage trains: its `StageSpec`, and its network with freshly drawn weights.

    Args:
        settings: of the chain.
        stage: its 1-based place, or "all" for the method's last stage.
        plan_path: where the ShiftPlan is. It is read if the stage takes its shifts from a search; with None those
            shifts stay zero.

    Raises:
        InputError: no such stage, or shifts that cannot be read or are of another network.
    """
    settings = with_levels(settings)
    specs = method_stages(settings)
    spec = specs[wanted_stages(stage, len(specs), settings.method.name)[-1] - 1]
    network = build_network(settings, spec)
    plan = stage_plan(settings, spec, plan_path)
    if plan is not None:
        apply_plan(network, plan)
    return spec, network
