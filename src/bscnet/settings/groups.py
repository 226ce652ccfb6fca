"""Which config groups there are."""

from __future__ import annotations

from bscnet.settings.recipe import RecipeSettings

GROUPS: dict[str, type] = {"recipe": RecipeSettings}
"""Config group -> its dataclass. A further group is a line here, a dataclass, and its files in `conf`."""
