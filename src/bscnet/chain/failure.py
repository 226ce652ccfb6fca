"""How a stage's job says that it failed: a plain value, which every launcher can carry back."""

from __future__ import annotations

from dataclasses import dataclass

from bscnet.errors import InputError


@dataclass(frozen=True)
class StageFailure:
    """reason: one line. input_error: the user can mend it (exit status 2); otherwise it is a fault (status 1)."""

    reason: str
    input_error: bool = False


def failure_of(error: Exception) -> StageFailure:
    """The failure that an exception stands for."""
    lines = str(error).strip().splitlines()
    if isinstance(error, InputError):
        return StageFailure(str(error), input_error=True)
    return StageFailure(f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__)
