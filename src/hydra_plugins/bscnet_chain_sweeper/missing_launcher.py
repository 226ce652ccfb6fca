"""Stand-ins for launchers whose package is not installed: choosing one says what to install."""

from __future__ import annotations

from collections.abc import Sequence

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from bscnet.errors import InputError
from bscnet.installation import extra_of, how_to_install, missing


class MissingLauncher(Launcher):
    """Refuses to start, in one sentence."""

    def __init__(self, launcher: str, package: str, extra: str, **_: object) -> None:  # and that launcher's own options
        self.launcher = launcher
        self.package = package
        self.extra = extra

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Called by Hydra.

        Raises:
            InputError: always.
        """
        raise InputError(
            f"launcher={self.launcher} needs the package {self.package}, which is not installed: "
            f"{how_to_install(self.extra)}, or take launcher=basic"
        )

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Never reached: `setup` refuses."""
        raise NotImplementedError(self.launcher)


_KNOWN = (
    ("joblib", "joblib", "joblib"),
    ("submitit", "submitit_slurm", "submitit"),
    ("submitit_local", "submitit_local", "submitit"),
)
"""Each choice of `launcher`, its name in Hydra's group, and whose launcher it is."""

for _choice, _name, _engine in _KNOWN:
    if missing(f"hydra_plugins.hydra_{_engine}_launcher"):
        ConfigStore.instance().store(
            group="hydra/launcher",
            name=_name,
            node={
                "_target_": "hydra_plugins.bscnet_chain_sweeper.missing_launcher.MissingLauncher",
                "launcher": _choice,
                "package": f"hydra-{_engine}-launcher",
                "extra": extra_of(_engine),
            },
            provider="bscnet",
        )
