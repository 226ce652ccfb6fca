"""A sentence where Hydra is told to run without a sweeper that knows chains."""

from __future__ import annotations

from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from bscnet.errors import InputError, shown

_PACKAGE = "hydra_plugins.bscnet_chain_sweeper."


class RequireChains(Callback):
    """Refuses sweepers of others, and Hydra's mode without a sweeper: they would run one job and no stages."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Called by Hydra before a run without a sweeper; SystemExit always."""
        _refuse("hydra.mode=RUN runs no stages: leave it away, a chain needs a sweeper also without -m")

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Called by Hydra before a sweep; SystemExit where the sweeper is none of this package."""
        if str(config.hydra.sweeper._target_).startswith(_PACKAGE):
            return
        name = config.hydra.runtime.choices["hydra/sweeper"]
        _refuse(
            f"hydra/sweeper={name} cannot run the stages of a chain: leave it away, or take hydra/sweeper=optuna for a "
            "hyper-parameter search"
        )


def _refuse(sentence: str) -> None:
    """End the process as for any bad input; Hydra makes warnings of a callback's exceptions, but not of SystemExit."""

    def refuse() -> int:
        raise InputError(sentence)

    raise SystemExit(shown(refuse))
