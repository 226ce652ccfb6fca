"""How set-up speaks: short lines on stdout, logs for what is long, one sentence when it has to stop."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


class Stop(Exception):
    """Set-up cannot go on before the user does something; the message says what."""


def say(line: str) -> None:
    """Print a line at once, also when stdout is a pipe."""
    print(line if line.startswith(" ") else f"[setup] {line}", flush=True)


def run_logged(
    command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> bool:
    """Run a long command with its output added to the log, a sign of life every minute; whether it ended well."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=out, stderr=subprocess.STDOUT)
        begun, told = time.monotonic(), 0
        while True:
            try:
                return process.wait(timeout=max(0.0, begun + 60 * (told + 1) - time.monotonic())) == 0
            except subprocess.TimeoutExpired:
                told += 1
                say(f"  … {told} min")
            except BaseException:
                process.terminate()
                raise


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, where the reason of a failure stands."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
