"""The closed words of the settings, each list once, for whoever implements them and whoever checks one without torch.

The default comes first, in all but the names of backends.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

Budget = Literal["per_stage", "per_chain", "final_stages"]
"""What `recipe.epochs` counts."""

Carried = Literal["last", "best"]
"""Which checkpoint goes on to the next stage."""


def words(kind: Any) -> tuple[Any, ...]:
    """The words of a `Literal`."""
    return get_args(kind)
