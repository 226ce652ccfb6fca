"""Settings of a method that say how its convolutions are shifted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from bscnet.settings.numbers import Count, Seed, Share
from bscnet.settings.rules import Wholes
from bscnet.settings.words import AlphaInit, Candidates, Logits, Manual, Relaxation, SfscLayers

Levels = Annotated[tuple[int, ...] | None, Wholes(0, optional=True)]


@dataclass(frozen=True, kw_only=True)
class ShiftSwitches:
    """Presets, and the mixtures of the search."""

    G: Annotated[Count, "groups of output channels"] = 4
    manual: Annotated[
        Manual, "preset shifts: a table, drawn (the same in all layers), drawn for each layer, or none"
    ] = "tetra4"
    manual_seed: Annotated[Seed, "of manual=random and random_per_layer, alpha_init=random, plan_change=permuted"] = 0
    manual_alternate: Annotated[bool, "negate the preset in every second layer of a block"] = False
    levels: Annotated[Levels, "levels whose layers are shifted or searched, such as [0,1,2]; null: all"] = None
    sfsc_layers: Annotated[SfscLayers, "which SSC layers of a block are shifted"] = "all"
    cands: Annotated[Candidates, "candidate shifts of the search"] = "all27"
    logits: Annotated[
        Logits,
        "search logits: one for each shift; factorised (pi_x pi_y pi_z), orbits (height and reach), by_level (shared "
        "by a level's layers)",
    ] = "free"
    alpha_init: Annotated[AlphaInit, "where the search starts: a preset's name, or as said"] = "uniform"
    alpha_weight: Annotated[Share, "pi of the shifts that it starts at; no say in uniform"] = 0.9
    relax: Annotated[Relaxation, "supernet: each step a random shift for each group"] = "softmax"
    share_kernel: Annotated[bool, "one kernel for all candidates of a group"] = True
