"""ShiftPlan: which matching position each channel group of each shifted layer has."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from bscnet.errors import InputError
from bscnet.sparse.offsets import Shift, check_shifts
from bscnet.whole_file import write_json_whole

_FORMAT = "bscnet shift plan 1"


@dataclass(frozen=True)
class ShiftPlan:
    """Layer name -> the shifts of its G channel groups.

    Attributes:
        shifts: by module path of the convolution inside the network.
    """

    shifts: dict[str, tuple[Shift, ...]]

    def save(self, path: str | Path) -> None:
        """Write as JSON."""
        body = {"format": _FORMAT, "shifts": {name: [list(s) for s in rows] for name, rows in self.shifts.items()}}
        write_json_whole(Path(path), body, indent=1)

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
            return cls({str(name): check_shifts(rows) for name, rows in body["shifts"].items()})
        except FileNotFoundError:
            raise InputError(f"shift plan {path} does not exist") from None
        except InputError as error:
            raise InputError(f"{path} is not a shift plan: {error}") from None
        except (ValueError, KeyError, TypeError, AttributeError, RuntimeError, OSError) as error:
            raise InputError(f"{path} is not a shift plan ({type(error).__name__}: {error})") from None
