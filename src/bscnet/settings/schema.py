"""The groups' defaults in Hydra's ConfigStore, where the YAML files of `conf` build on them.

`defaults: [/schema/recipe@_here_]` in a file of `conf/recipe` gives it every key of `RecipeSettings`. The values are
plain: Hydra only composes, and what a value may be is checked in one place, `bscnet.settings.check`, whose sentences
name what is allowed. (Hydra makes a frozen dataclass read-only, and knows no `Literal`.)
"""

from __future__ import annotations

from hydra.core.config_store import ConfigStore

from bscnet.settings.group import defaults
from bscnet.settings.groups import GROUPS
from bscnet.settings.run import RunSettings

FOLDER = "schema"
"""Where they stand there; nothing that a command line would name."""


def register() -> None:
    """Enter the defaults of all groups; the plugin `bscnet_chain_sweeper` calls it, which every use of Hydra loads."""
    for name, group in {**GROUPS, "run": RunSettings}.items():
        ConfigStore.instance().store(group=FOLDER, name=name, node=defaults(group), provider="bscnet")
