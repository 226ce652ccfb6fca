"""Every stage a Ray task, on a cluster or in processes of this machine: `launcher=ray`."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

from bscnet.chain.jobs import StartedJob
from bscnet.errors import InputError
from bscnet.installation import extra_of, how_to_install, missing


class RayJob:
    """A task that Ray runs."""

    def __init__(self, reference: Any) -> None:
        self._reference = reference

    def done(self) -> bool:
        """Whether it has ended."""
        import ray

        return bool(ray.wait([self._reference], timeout=0)[0])

    def result(self) -> JobReturn:
        """What it came back with; raises Ray's own error where its worker has died."""
        import ray

        answer: JobReturn = ray.get(self._reference)
        return answer

    def cancel(self) -> None:
        """Have it end as by Ctrl-C."""
        import ray

        with contextlib.suppress(Exception):
            ray.cancel(self._reference)


class RayLauncher(Launcher):
    """Starts each stage as a task of Ray.

    Args:
        ray: `init`, options of `ray.init`; `remote`, what a task asks for, as `ray.remote` takes it.
    """

    def __init__(self, ray: Mapping[str, Any]) -> None:
        options: Any = OmegaConf.to_container(ray, resolve=True) if isinstance(ray, DictConfig) else ray
        self._init, self._remote = options["init"], options["remote"]
        self._context: HydraContext | None = None
        self._task: TaskFunction | None = None
        self._config: DictConfig | None = None

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Called by Hydra.

        Raises:
            InputError: Ray is not installed.
        """
        if missing("ray"):
            advice = f"{how_to_install(extra_of('ray'))}, or take launcher=basic or launcher=joblib"
            raise InputError(f"launcher=ray needs the package ray, which is not installed: {advice}")
        self._context, self._task, self._config = hydra_context, task_function, config

    def start(self, overrides: Sequence[str], index: int) -> StartedJob:
        """Start a stage's job, after Ray itself at the first call.

        Raises:
            InputError: there is no such cluster.
        """
        import ray

        if not ray.is_initialized():
            try:
                ray.init(**self._init)
            except (ConnectionError, ValueError, TypeError) as error:
                raise InputError(f"launcher=ray: {' '.join(str(error).split())}") from error
        task = ray.remote(**self._remote)(_run)
        state = Singleton.get_state()
        return RayJob(task.remote(self._context, self._config, self._task, list(overrides), index, state))

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run jobs side by side, and wait for all of them."""
        started = [self.start(overrides, initial_job_idx + place) for place, overrides in enumerate(job_overrides)]
        return [job.result() for job in started]


def _run(
    context: HydraContext,
    config: DictConfig,
    task: TaskFunction,
    overrides: list[str],
    index: int,
    state: dict[Any, Any],
) -> JobReturn:
    """Be the worker: compose the job and run it, as Hydra's joblib launcher does."""
    import ray

    setup_globals()
    Singleton.set_state(state)
    job = context.config_loader.load_sweep_config(config, overrides)
    with open_dict(job):
        job.hydra.job.id = ray.get_runtime_context().get_task_id()
        job.hydra.job.num = index
    HydraConfig.instance().set_config(job)
    return run_job(
        hydra_context=context,
        config=job,
        task_function=task,
        job_dir_key="hydra.sweep.dir",
        job_subdir_key="hydra.sweep.subdir",
    )
