"""How a stage's job says that it failed: a plain value, which every launcher can carry back."""

from __future__ import annotations

from dataclasses import dataclass

from bscnet.errors import InputError

_OF_LOADER = "in DataLoader worker process"


@dataclass(frozen=True)
class StageFailure:
    """reason: one line. input_error: the user can mend it (exit status 2); otherwise it is a fault (status 1)."""

    reason: str
    input_error: bool = False


def failure_of(error: Exception) -> StageFailure:
    """The failure that an exception stands for."""
    if isinstance(error, InputError):
        return StageFailure(str(error), input_error=True)
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    if not lines:
        return StageFailure(type(error).__name__)
    if _OF_LOADER in lines[0]:  # torch puts the traceback there, whose last line is what has happened
        return StageFailure(f"in a loading process: {lines[-1].strip()}")
    return StageFailure(f"{type(error).__name__}: {lines[0]}")
