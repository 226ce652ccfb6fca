"""ShiftPlan: which matching position each channel group of each shifted layer has."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bscnet.errors import InputError
from bscnet.sparse.offsets import Shift, check_shifts
from bscnet.whole_file import write_json_whole

_FORMAT = "bscnet shift plan 1"


@dataclass(frozen=True)
class ShiftPlan:
    """Layer name -> the shifts of its G channel groups.

    Attributes:
        shifts: by module path of the convolution inside the network.
        search: plain values that tell how sure the search was that decided it; empty for other plans. Plans with the
            same shifts are equal.

    Examples:
        >>> from bscnet.search import ShiftPlan
        >>> ShiftPlan({"encoder.conv": ((0, 0, 0), (1, 0, 0))}).shifts["encoder.conv"][1]
        (1, 0, 0)
    """

    shifts: dict[str, tuple[Shift, ...]]
    search: dict[str, Any] = field(default_factory=dict, compare=False)

    def save(self, path: str | Path) -> None:
        """Write as JSON."""
        shifts = {name: [list(s) for s in rows] for name, rows in self.shifts.items()}
        known = {"search": self.search} if self.search else {}
        write_json_whole(Path(path), {"format": _FORMAT, **known, "shifts": shifts}, indent=1)

    @classmethod
    def load(cls, path: str | Path) -> ShiftPlan:
        """Read a plan.

        Raises:
            InputError: missing file, or not a plan.
        """
        try:
            body = json.loads(Path(path).read_text(encoding="utf-8"))
            if body["format"] != _FORMAT:
                raise InputError(f"{path} has format {body['format']!r}; expected {_FORMAT!r}")
            shifts = {str(name): check_shifts(rows) for name, rows in body["shifts"].items()}
            return cls(shifts, dict(body.get("search", {})))
        except FileNotFoundError:
            raise InputError(f"shift plan {path} does not exist") from None
        except InputError as error:
            raise InputError(f"{path} is not a shift plan: {error}") from None
        except (ValueError, KeyError, TypeError, AttributeError, RuntimeError, OSError) as error:
            raise InputError(f"{path} is not a shift plan ({type(error).__name__}: {error})") from None
