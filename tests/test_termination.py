"""What ends all processes of a run at once interrupts it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Any

import pytest
from torch.utils.data import DataLoader, Dataset
from torch.utils.data._utils import signal_handling

from bscnet.termination import terminated_as_interrupted


class Slow(Dataset[int]):
    def __len__(self) -> int:
        return 100

    def __getitem__(self, index: int) -> int:
        time.sleep(0.2)
        return index


def terminate(process: int) -> None:
    """By another process, as torch forgives its workers what their parent does; later, when it is known to run."""
    killer = subprocess.Popen(["sh", "-c", f"sleep 1; kill -TERM {process}"])
    try:
        time.sleep(5)
    finally:
        killer.wait()


def test_loaders_that_end_with_their_run_are_no_failure() -> None:
    signal_handling._SIGCHLD_handler_set = False
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGCHLD)
    batches: Any = iter(DataLoader(Slow(), num_workers=2))
    workers = [worker.pid for worker in batches._workers]
    assert signal.getsignal(signal.SIGCHLD) != before[1]  # torch's, by which the end of a worker is an error
    try:
        with terminated_as_interrupted():
            with pytest.raises(KeyboardInterrupt):
                terminate(os.getpid())
            for worker in workers:
                terminate(worker)
            batches._shutdown_workers()
        assert signal.getsignal(signal.SIGTERM) == before[0]
    finally:
        signal.signal(signal.SIGCHLD, before[1])
        signal_handling._SIGCHLD_handler_set = False
