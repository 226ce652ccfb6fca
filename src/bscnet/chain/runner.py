"""Runs chains to their ends: each stage that can start is given to the launcher, and its answer is recorded."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Sequence
from typing import Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from rich.console import Console

from bscnet.chain.chain import Chain
from bscnet.chain.failure import StageFailure, failure_of
from bscnet.chain.jobs import StartedJob, StartsJobs, job_starter
from bscnet.chain.report import announce
from bscnet.errors import InputError
from bscnet.runs.outcome import load_outcome
from bscnet.runs.stage import StageOutcome, StageSpec
from bscnet.termination import terminated_as_interrupted

_PAUSE_S = 0.5
"""Time between two looks at the jobs that run elsewhere."""


class ChainRunner:
    """Runs chains by a launcher.

    Where the launcher starts jobs one by one (`job_starter`), each chain goes at its own pace. Others get the next
    stage of every unfinished chain as one batch, round by round, and may run those side by side. A chain whose stage
    fails ends there; the others go on.

    Attributes:
        mendable: of each stage that has failed, whether the user can mend that.

    Raises:
        InputError: the launcher's cluster is not there.
    """

    def __init__(self, launcher: Launcher, console: Console) -> None:
        self.mendable: list[bool] = []
        self._launcher = launcher
        self._starter = job_starter(launcher)
        self._console = console
        self._jobs = 0

    def run(self, chains: Sequence[Chain]) -> None:
        """Run the stages that are left of open chains.

        Raises:
            KeyboardInterrupt: Ctrl-C, or SIGTERM, which jobs elsewhere would otherwise survive; all jobs are ended.
        """
        with terminated_as_interrupted():
            if self._starter is not None:
                self._run_each(chains, self._starter)
                return
            while batch := [(chain, spec) for chain in chains if (spec := chain.next_spec()) is not None]:
                self._run_round(batch)

    def _run_round(self, batch: Sequence[tuple[Chain, StageSpec]]) -> None:
        for chain, spec in batch:
            announce(self._console, chain, spec)
        jobs = [chain.job_overrides(spec) for chain, spec in batch]
        first, self._jobs = self._jobs, self._jobs + len(jobs)
        results: Sequence[StageOutcome | StageFailure]
        try:
            results = [_result(job) for job in self._launcher.launch(jobs, initial_job_idx=first)]
        except Exception as error:  # the launcher itself broke down, as when a worker process was killed
            results = [_left_behind(chain, spec, error) for chain, spec in batch]
        for (chain, spec), result in zip(batch, results, strict=True):
            self._record(chain, spec, result)

    def _run_each(self, chains: Sequence[Chain], starter: StartsJobs) -> None:
        waiting = list(chains)
        running: list[tuple[Chain, StageSpec, StartedJob]] = []
        try:
            while waiting or running:
                for chain in waiting:
                    running += self._started(chain, starter)
                waiting = []
                time.sleep(_PAUSE_S)
                for one in [one for one in running if one[2].done()]:
                    running.remove(one)
                    chain, spec, job = one
                    self._record(chain, spec, _answer(chain, spec, job))
                    waiting.append(chain)
        except BaseException:
            # resume=true would have two processes write into one folder
            for _, _, job in running:
                job.cancel()
            raise

    def _started(self, chain: Chain, starter: StartsJobs) -> list[tuple[Chain, StageSpec, StartedJob]]:
        """The job of the chain's next stage; none where the chain has ended, or where it cannot be started."""
        spec = chain.next_spec()
        if spec is None:
            return []
        announce(self._console, chain, spec)
        self._jobs += 1
        try:
            return [(chain, spec, starter.start(chain.job_overrides(spec), self._jobs - 1))]
        except Exception as error:  # the cluster has refused it
            self._record(chain, spec, failure_of(error))
            return []

    def _record(self, chain: Chain, spec: StageSpec, result: StageOutcome | StageFailure) -> None:
        if isinstance(result, StageOutcome):
            chain.record(result)
        else:
            self.mendable.append(result.input_error)
            chain.fail(f"stage {spec.index}: {result.reason}")


def _answer(chain: Chain, spec: StageSpec, job: StartedJob) -> StageOutcome | StageFailure:
    try:
        return _result(job.result())
    except Exception as error:
        return _left_behind(chain, spec, error)


def _result(job: JobReturn) -> StageOutcome | StageFailure:
    """What a job came back with. Hydra's own message about a failed job is left out: the sweeper has one at the end."""
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            value: Any = job.return_value
    except Exception as error:
        return failure_of(error)
    if isinstance(value, StageOutcome | StageFailure):
        return value
    raise TypeError(f"the task of a chain must return a StageOutcome or a StageFailure, not {type(value).__name__}")


def _left_behind(chain: Chain, spec: StageSpec, error: Exception) -> StageOutcome | StageFailure:
    """What a stage left in its directory when its launcher broke down."""
    try:
        return load_outcome(chain.stage_directory(spec))
    except InputError:
        return failure_of(error)
