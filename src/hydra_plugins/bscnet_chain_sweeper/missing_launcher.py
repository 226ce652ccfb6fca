"""Stand-ins for launchers whose package is not installed: choosing one says what to install."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from bscnet.errors import InputError


class MissingLauncher(Launcher):
    """Refuses to start, in one sentence."""

    def __init__(self, launcher: str, package: str, **_: object) -> None:  # and that launcher's own options
        self.launcher = launcher
        self.package = package

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Called by Hydra.

        Raises:
            InputError: always.
        """
        raise InputError(
            f"launcher={self.launcher} needs the package {self.package}, which is not installed: "
            f"pip install {self.package}, or take launcher=basic or launcher=joblib"
        )

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Never reached: `setup` refuses."""
        raise NotImplementedError(self.launcher)


_KNOWN = (
    ("joblib", "joblib", "hydra-joblib-launcher", "hydra_plugins.hydra_joblib_launcher"),
    ("submitit", "submitit_slurm", "hydra-submitit-launcher", "hydra_plugins.hydra_submitit_launcher"),
    ("submitit_local", "submitit_local", "hydra-submitit-launcher", "hydra_plugins.hydra_submitit_launcher"),
)

for _choice, _name, _package, _module in _KNOWN:
    if importlib.util.find_spec(_module) is None:
        ConfigStore.instance().store(
            group="hydra/launcher",
            name=_name,
            node={
                "_target_": "hydra_plugins.bscnet_chain_sweeper.missing_launcher.MissingLauncher",
                "launcher": _choice,
                "package": _package,
            },
            provider="bscnet",
        )
