"""The records of a run: JSON objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bscnet.errors import InputError


def read_record(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InputError: the file cannot be read or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is not valid JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold a JSON object, not {type(content).__name__}")
    return content
