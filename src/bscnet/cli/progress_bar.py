"""The progress of a prediction as a bar on the terminal."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class ProgressBar:
    """One bar for each part of the work, gone at the end.

    Args:
        before: what stands in front of each part's name.
    """

    def __init__(self, before: str = "") -> None:
        self._before = before
        columns = (TextColumn("{task.description:<8}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
        self._bars = Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
        self._current: TaskID | None = None

    def __enter__(self) -> ProgressBar:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begin(self, what: str, total: int) -> None:
        """Show a new bar."""
        self._current = self._bars.add_task(self._before + what, total=total)

    def advance(self, count: int) -> None:
        """Move the newest bar."""
        if self._current is not None:
            self._bars.advance(self._current, count)
