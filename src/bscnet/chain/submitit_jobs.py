"""Stages as jobs of submitit, on a SLURM cluster or in processes of this machine: hydra-submitit-launcher's options.

That launcher's own way to run them is not used: it waits for a whole batch, gives up all of it where one job dies, and
leaves jobs running when it is interrupted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn

from bscnet.errors import InputError

_OF_EXECUTOR, _FOLDER = "max_num_timeout", "submitit_folder"
"""Options that are given to the executor when it is made; all others are parameters of its jobs."""


class SubmititJob:
    """A job that submitit has started."""

    def __init__(self, job: Any) -> None:
        self._job = job

    def done(self) -> bool:
        """Whether it has ended."""
        return bool(self._job.done())

    def result(self) -> JobReturn:
        """What its first process came back with.

        Raises:
            RuntimeError: it has left no answer, as where the cluster has ended it.
        """
        import submitit

        try:
            answer: JobReturn = self._job.results()[0]
        except submitit.core.utils.UncompletedJobError as error:
            log = self._job.paths.stderr
            raise RuntimeError(
                f"job {self._job.job_id} ended without an answer, state {self._job.state}: {log}"
            ) from error
        return answer

    def cancel(self) -> None:
        """Have the cluster end it."""
        self._job.cancel(check=False)


class SubmititJobs:
    """Starts jobs with the options of a launcher of hydra-submitit-launcher.

    Raises:
        InputError: there is no such cluster here, or it knows no such option.
    """

    def __init__(self, launcher: Any) -> None:
        import submitit
        from hydra_plugins.hydra_submitit_launcher.config import BaseQueueConf

        self._launcher = launcher
        cluster = launcher._EXECUTOR
        common = set(BaseQueueConf.__dataclass_fields__)
        options = dict(launcher.params)
        try:
            self._executor = submitit.AutoExecutor(
                folder=options.pop(_FOLDER),
                cluster=cluster,
                **{f"{cluster}_{_OF_EXECUTOR}": options.pop(_OF_EXECUTOR) for _ in range(_OF_EXECUTOR in options)},
            )
            own = {key if key in common else f"{cluster}_{key}": value for key, value in options.items()}
            self._executor.update_parameters(**own)
        except (RuntimeError, NameError) as error:
            raise InputError(f"hydra/launcher=submitit_{cluster}: {' '.join(str(error).split())}") from error

    def start(self, overrides: Sequence[str], index: int) -> SubmititJob:
        """Start a stage's job. One that the cluster interrupts and starts anew goes on after its last whole epoch."""
        words = (list(overrides), "hydra.sweep.dir", index, f"job_id_for_{index}", Singleton.get_state())
        return SubmititJob(self._executor.submit(self._launcher, *words))
