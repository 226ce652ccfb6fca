"""The ordered stages of a method under a recipe. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bscnet.errors import InputError
from bscnet.runs.stage import StageSpec
from bscnet.settings.groups import Configuration
from bscnet.settings.recipe import RecipeSettings


def method_stages(settings: Configuration) -> list[StageSpec]:
    """All stages of the method in order, with the recipe's schedule for this model and voxel size.

    Rows of `method.stages` that are not enabled are left out, and those that are extra are on top of what all methods
    have (see `stage_epochs`). The confidence loss acts only where shifts are searched (conv "composite").

    Raises:
        InputError: no stage at all, or fewer epochs than stages under `budget: per_chain`.
    """
    method, recipe = settings.method, settings.recipe
    rows = [row for row in method.stages if row.enabled]
    if not rows:
        raise InputError(f"no stage of method {method.name} is enabled: at least one is needed")
    epochs = stage_epochs(
        recipe,
        len(rows),
        is_doubled(recipe, settings.model.name, settings.data.voxel_size),
        shares=[recipe.shares.get(row.name, 1) for row in rows],
        extra=[row.extra for row in rows],
    )
    return [
        StageSpec(
            index=place + 1,
            name=row.name,
            precision=row.precision,
            conv=row.conv,
            lr=row.lr * recipe.lr_scale,
            conf_weight=method.conf_weight if row.conv == "composite" else 0.0,
            epochs=epochs[place],
            init=row.init,
            shifts=row.shifts,
        )
        for place, row in enumerate(rows)
    ]


def stage_epochs(
    recipe: RecipeSettings,
    num_stages: int,
    doubled: bool,
    shares: Sequence[float] | None = None,
    extra: Sequence[bool] | None = None,
) -> list[int]:
    """Epochs of each stage.

    `budget: per_stage` gives every stage `epochs`. `per_chain` shares `epochs` evenly, so that methods with different
    numbers of stages train equally long. `final_stages` shares them among the stages that are not extra, so that the
    final networks of all methods train equally long, and gives every extra stage as many as one of those in the mean.
    What does not divide goes to the last stages, one epoch each.

    Args:
        recipe: the config group, with `epochs` and `budget`.
        num_stages: of the method.
        doubled: whether the epochs count twice.
        shares: weight of each stage in all this; None: 1.
        extra: whether a stage is on top of those that all methods have, as a search is; None: none is.

    Raises:
        InputError: less than one epoch for a stage of those that share.
    """
    epochs = recipe.epochs * (2 if doubled else 1)
    weights = [1.0] * num_stages if shares is None else list(shares)
    if recipe.budget == "per_stage":
        return [_rounded(epochs * weight) for weight in weights]
    on_top = recipe.budget == "final_stages" and extra is not None
    sharing = [place for place in range(num_stages) if not (on_top and extra[place])]  # type: ignore[index]
    total = sum(weights[place] for place in sharing)
    found = [_rounded(epochs / len(sharing) * weight) for weight in weights]
    for place in sharing:
        found[place] = math.floor(epochs * weights[place] / total)
    rest = epochs - sum(found[place] for place in sharing)
    if min(found[place] for place in sharing) == 0:
        raise InputError(
            f"recipe.epochs={recipe.epochs} is less than one epoch for each of {len(sharing)} stages "
            f"(recipe.budget={recipe.budget}): at least {len(sharing)} are needed"
        )
    for place in sharing[len(sharing) - rest :]:
        found[place] += 1
    return found


def _rounded(epochs: float) -> int:
    return max(1, math.floor(epochs + 0.5))


def is_doubled(recipe: RecipeSettings, model: str, voxel_size: float) -> bool:
    """Whether the recipe's rule `double_when: {model, voxel_size}` holds (supplement: UNET-H on 2 cm)."""
    rule = recipe.double_when
    return rule is not None and rule.model == model and math.isclose(rule.voxel_size, voxel_size)


def scenes_per_step(recipe: RecipeSettings, voxel_size: float) -> int:
    """The batch size: `batch_size` if given, else by the recipe's rule for this voxel size (metres).

    The rule is a table of (voxel_size, batch_size). The row with the largest voxel size that is not above the given
    one counts, so that a batch never holds more sites than the table intends; below all rows, the smallest does.
    """
    if recipe.batch_size is not None:
        return int(recipe.batch_size)
    rows = sorted(recipe.batch_rule, key=lambda row: row.voxel_size)
    fitting = [row for row in rows if row.voxel_size <= voxel_size * (1 + 1e-9)]
    return int((fitting[-1] if fitting else rows[0]).batch_size)
