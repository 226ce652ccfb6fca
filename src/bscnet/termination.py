"""A batch system's end of a process: SIGTERM is Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


def end_on_sigterm() -> None:
    """Has SIGTERM raise `KeyboardInterrupt` from now on, which leaves no draft; to be called in the main thread."""
    signal.signal(signal.SIGTERM, _interrupt)


@contextlib.contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """The same within a block, in whatever program it runs; nothing in a thread that gets no signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    end_on_sigterm()
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    if hasattr(signal, "SIGCHLD"):
        # A batch system ends all processes of a run at once. The end of those which load data is no error then; torch's
        # handler would raise one for each, in place of the interruption.
        signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.default_int_handler(number, frame)
