"""The models that ship with the package, by name: their files, and what is to be known of them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from bscnet.errors import InputError

FOLDER = Path(__file__).resolve().parent / "weights"
MODEL_ENDING = ".safetensors"
DEFAULT = "indoor-5cm"
"""What labels where no model is named."""


def shipped_names() -> tuple[str, ...]:
    """Names of the models that ship, in order."""
    return tuple(sorted(path.stem for path in FOLDER.glob(f"*{MODEL_ENDING}")))


def is_shipped(model: str | os.PathLike[str]) -> bool:
    """Whether a model is named, and not given as a file: a `Path`, and any text with a / in it, is a file."""
    return isinstance(model, str) and model in shipped_names()


def model_file(model: str | os.PathLike[str]) -> Path:
    """The file of a model that is given by its name or as a file.

    Args:
        model: name of one that ships, or a path. A file that is called as a model that ships is ./NAME.

    Raises:
        InputError: a bare word that is neither such a name nor a file that is there.
    """
    if is_shipped(model):
        return shipped_file(str(model))
    path = Path(model)
    bare = isinstance(model, str) and model == path.name and path.suffix == ""
    if bare and not path.exists():
        there = ", ".join(shipped_names()) or "none"
        raise InputError(
            f"{model}: no model of this name ships with bscnet, and there is no such file; shipped: {there}"
        )
    return path


def shipped_file(name: str) -> Path:
    """Where the file of a model that ships is, be it there or not."""
    return FOLDER / f"{name}{MODEL_ENDING}"


def facts_file(model: Path) -> Path:
    """The facts beside the file of a model that ships."""
    return model.with_suffix(".json")


def facts(name: str) -> dict[str, Any]:
    """What is to be known of a model that ships beside what its file says: how it was made, and what it scores.

    Raises:
        InputError: no such model.
    """
    if name not in shipped_names():
        raise InputError(f"{name}: no model of this name ships with bscnet; shipped: {', '.join(shipped_names())}")
    found: dict[str, Any] = json.loads(facts_file(shipped_file(name)).read_text(encoding="utf-8"))
    return found
