"""A run's folder is written to by one process: whoever trains in it holds a lock on it.

The lock is `flock`'s, on the folder itself: the system takes it back when the process ends in whatever way, and no file
is left. Some file systems of clusters know no locks, or keep them to one machine; there nobody is refused.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from bscnet.errors import InputError


class RunLock:
    """The lock on a run's folder, held until `release`.

    Raises:
        InputError: another process, or another chain of this one, holds it.
    """

    def __init__(self, directory: Path) -> None:
        self._handle: int | None = os.open(directory, os.O_RDONLY)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.release()
            raise InputError(
                f"{directory} is being trained in by another process: wait for it, or leave resume=true away"
            ) from error
        except OSError:
            self.release()

    def release(self) -> None:
        """Give it back; nothing happens the second time."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.close(self._handle)
            self._handle = None
