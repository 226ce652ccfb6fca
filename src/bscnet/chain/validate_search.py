"""Settings of shifts and of their search that must fit each other."""

from __future__ import annotations

from bscnet.errors import InputError
from bscnet.settings.method import MethodSettings
from bscnet.settings.words import PRESET_GROUPS, Preset


def validate_search(method: MethodSettings, depth: int) -> None:
    """See that a method's settings fit each other.

    Args:
        method: the config group, its values allowed each by itself.
        depth: downsamplings of the network.

    Raises:
        InputError: names the settings that do not, and what is allowed.
    """
    for problem in (_of_plan(method), _of_levels(method, depth), _of_search(method)):
        if problem is not None:
            raise InputError(problem)


def _of_plan(method: MethodSettings) -> str | None:
    plan = method.plan
    preset = any(row.shifts == "manual" for row in method.stages)
    if plan is not None and not preset:
        return f"method.plan={plan} takes the place of a preset, which method {method.name} has not: use bsc_manual"
    if plan is None and method.plan_change != "none":
        return f"method.plan_change={method.plan_change} changes a plan, and there is none: give method.plan=PATH"
    if preset and plan is None and method.manual in PRESET_GROUPS:
        return _of_groups("manual", method.manual, method.G)
    return None


def _of_levels(method: MethodSettings, depth: int) -> str | None:
    levels = method.levels
    if levels is None:
        return None
    if method.min_sites is not None:
        return "method.levels and method.min_sites both say which levels are shifted: give one of them"
    if max(levels) > depth:
        return f"method.levels={list(levels)} has a level that the network has not: allowed are 0 to {depth}"
    return None


def _of_search(method: MethodSettings) -> str | None:
    if not any(row.conv == "composite" for row in method.stages):
        return None
    if method.arch_travel is not None and method.lr_arch is not None:
        return "method.arch_travel and method.lr_arch both say how fast the search is: give one of them"
    if method.relax == "supernet" and method.decide != "perturbation":
        return "method.relax=supernet trains no logits to decide by: give method.decide=perturbation too"
    if method.logits in ("factorised", "orbits") and method.cands != "all27":
        return f"method.logits={method.logits} is of all 27 shifts: give method.cands=all27 too"
    if method.alpha_init in PRESET_GROUPS:
        return _of_groups("alpha_init", method.alpha_init, method.G)
    return None


def _of_groups(key: str, preset: Preset, given: int) -> str | None:
    """A preset is a table for one number of groups, where it is used."""
    groups = PRESET_GROUPS[preset]
    if groups == given:
        return None
    return f"method.{key}={preset} is a table for {groups} groups: give method.G={groups} too"
