"""Jobs of stages that run elsewhere: each is started by itself, and can be looked at, waited for and cancelled.

A Hydra launcher runs a batch of jobs and comes back when all of them have ended. A launcher that can start one job
and leave it alone has no such barrier: one chain's second stage begins while another is still in its first, and a
job that dies takes no other with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher


class StartedJob(Protocol):
    """One job of a stage."""

    def done(self) -> bool:
        """Whether it has ended."""
        ...

    def result(self) -> JobReturn:
        """What it came back with; raises what ended it where it came back with nothing."""
        ...

    def cancel(self) -> None:
        """End it; nothing happens where it has ended."""
        ...


@runtime_checkable
class StartsJobs(Protocol):
    """What starts jobs one by one."""

    def start(self, overrides: Sequence[str], index: int) -> StartedJob:
        """Start a stage's job.

        Args:
            overrides: of the job.
            index: its number in the sweep, counted from 0.
        """
        ...


def job_starter(launcher: Launcher) -> StartsJobs | None:
    """What starts the jobs of a launcher one by one; None: it runs batches.

    Raises:
        InputError: the launcher's cluster is not there.
    """
    if isinstance(launcher, StartsJobs):
        return launcher
    given: Any = launcher
    if hasattr(given, "_EXECUTOR"):  # of hydra-submitit-launcher
        from bscnet.chain.submitit_jobs import SubmititJobs

        return SubmititJobs(given)
    return None
