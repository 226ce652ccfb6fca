"""How set-up speaks: short lines on stdout, one sentence when it has to stop."""

from __future__ import annotations


class Stop(Exception):
    """Set-up cannot go on before the user does something; the message says what."""


def say(line: str) -> None:
    """Print a line at once, also when stdout is a pipe."""
    print(line if line.startswith(" ") else f"[setup] {line}", flush=True)
