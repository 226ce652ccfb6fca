"""Settings of shifts and of their search that must fit each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bscnet.errors import InputError
from bscnet.settings.rules import as_typed
from bscnet.settings.words import PRESET_GROUPS


def validate_search(method: Mapping[str, Any], depth: int) -> None:
    """See that a method's settings fit each other.

    Args:
        method: the config group, its stages known, its values allowed each by itself.
        depth: downsamplings of the network.

    Raises:
        InputError: names the settings that do not, and what is allowed.
    """
    for problem in (_of_plan(method), _of_levels(method, depth), _of_search(method)):
        if problem is not None:
            raise InputError(problem)


def _of_plan(method: Mapping[str, Any]) -> str | None:
    plan = method.get("plan")
    preset = any(row.get("shifts") == "manual" for row in method["stages"])
    if plan is not None and not preset:
        return f"method.plan={plan} takes the place of a preset, which method {method['name']} has not: use bsc_manual"
    if plan is None and method.get("plan_change", "none") != "none":
        return f"method.plan_change={method['plan_change']} changes a plan, and there is none: give method.plan=PATH"
    if preset and plan is None and method["manual"] in PRESET_GROUPS:
        return _of_groups("manual", method)
    return None


def _of_levels(method: Mapping[str, Any], depth: int) -> str | None:
    levels = method.get("levels")
    if levels is None:
        return None
    if method.get("min_sites") is not None:
        return "method.levels and method.min_sites both say which levels are shifted: give one of them"
    if max(levels) > depth:
        return f"method.levels={as_typed(levels)} has a level that the network has not: allowed are 0 to {depth}"
    return None


def _of_search(method: Mapping[str, Any]) -> str | None:
    if not any(row.get("conv") == "composite" for row in method["stages"]):
        return None
    if method.get("arch_travel") is not None and method["lr_arch"] is not None:
        return "method.arch_travel and method.lr_arch both say how fast the search is: give one of them"
    if method["relax"] == "supernet" and method.get("decide") != "perturbation":
        return "method.relax=supernet trains no logits to decide by: give method.decide=perturbation too"
    if method.get("logits") in ("factorised", "orbits") and method["cands"] != "all27":
        return f"method.logits={method['logits']} is of all 27 shifts: give method.cands=all27 too"
    if method.get("alpha_init") in PRESET_GROUPS:
        return _of_groups("alpha_init", method)
    return None


def _of_groups(key: str, method: Mapping[str, Any]) -> str | None:
    """A preset is a table for one number of groups, where it is used."""
    groups = PRESET_GROUPS[method[key]]
    if groups == method["G"]:
        return None
    return f"method.{key}={method[key]} is a table for {groups} groups: give method.G={groups} too"
