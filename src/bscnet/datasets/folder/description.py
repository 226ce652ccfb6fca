"""`dataset.yaml`: what a folder's files do not say themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bscnet.clouds.colors import RANGES
from bscnet.clouds.reading import INVALID_POINTS, Reading
from bscnet.clouds.units import UNITS
from bscnet.datasets.folder.classes import INVALID_LABELS, ClassMap, parse_classes
from bscnet.datasets.folder.strict_yaml import check_keys, load, shown
from bscnet.errors import InputError

FILE_NAME = "dataset.yaml"
SPLITS = ("train", "val", "test")

KEYS = (
    *("classes", "ignore", "label", "features", "units", "colors", "columns", "scale", "splits"),
    *("invalid_points", "invalid_labels"),
)


@dataclass(frozen=True)
class Description:
    """How the files of a folder are to be understood.

    Attributes:
        path: of the description, whether it exists or not.
        reading: of the points.
        classes: labels and class names.
        label: column with the labels (None: by its usual names).
        features: see `bscnet.data.features`; empty until `read_description` has looked.
        splits: paths below the root (None: the folders train, val, test).
    """

    path: Path
    reading: Reading = field(default_factory=Reading)
    classes: ClassMap = field(default_factory=ClassMap)
    label: str | None = None
    features: tuple[str, ...] = ()
    splits: Mapping[str, tuple[str, ...]] | None = None

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of class 0, 1, …; empty where none are described."""
        return self.classes.names

    @property
    def key(self) -> str:
        """All that decides what a file is read as."""
        return repr((self.classes, self.label, self.features, sorted(self.reading.as_dict().items())))


def load_description(root: str | Path) -> Description:
    """What ROOT/dataset.yaml says, and the defaults for the rest; InputError: no folder, an unknown key or value."""
    root = Path(root)
    path = root / FILE_NAME
    if not root.is_dir():
        raise InputError(f"{root}: no such folder, it must hold clouds in train/, val/ and test/ and a {FILE_NAME}")
    if not path.exists():
        if path.with_suffix(".yml").exists():
            raise InputError(f"{path.with_suffix('.yml')}: the description must be called {FILE_NAME}")
        return Description(path)
    given = load(path)
    check_keys(path, given, KEYS)
    given = {key: value for key, value in given.items() if value is not None}  # `key:` alone is the default
    classes = ClassMap()
    if "classes" in given:
        invalid = _choice(path, given, "invalid_labels", INVALID_LABELS) or "error"
        classes = parse_classes(path, given["classes"], given.get("ignore", []), invalid)
    for key in ("ignore", "invalid_labels"):
        if key in given and "classes" not in given:
            raise InputError(f"{path}: '{key}' needs 'classes' beside it")
    reading = Reading(
        _choice(path, given, "units", UNITS),
        _choice(path, given, "colors", RANGES) or "auto",
        _names(path, given, "columns"),
        _choice(path, given, "invalid_points", INVALID_POINTS) or "error",
        _scale(path, given.get("scale", {})),
        classes.labels,
    )
    label, features = _text(path, given, "label"), _names(path, given, "features") or ()
    return Description(path, reading, classes, label, features, _splits(path, given.get("splits")))


def _text(path: Path, given: Mapping[str, Any], key: str) -> str | None:
    value = given.get(key)
    if value is not None and not (isinstance(value, str) and value and len(value) <= 100):
        raise InputError(f"{path}: '{key}' must be a short text, not {shown(value)}")
    return value


def _names(path: Path, given: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    value = given.get(key)
    if value is None:
        return None
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(name, str) and 0 < len(name) <= 100 for name in value)
    ):
        raise InputError(f"{path}: '{key}' must be a list of names, not {shown(value)}")
    twice = next((name for name in value if value.count(name) > 1 and name != "_"), None)
    if twice is not None:
        raise InputError(f"{path}: '{key}' names {shown(twice)} twice")
    return tuple(value)


def _choice(path: Path, given: Mapping[str, Any], key: str, allowed: Any) -> str | None:
    value = given.get(key)
    if value is None:
        return None
    if isinstance(value, (bool, dict, list)) or str(value) not in allowed:
        raise InputError(f"{path}: '{key}' is {shown(value)}, it must be one of {', '.join(allowed)}")
    return str(value)


def _scale(path: Path, given: Any) -> dict[str, tuple[float, float]]:
    if not isinstance(given, dict):
        raise InputError(f"{path}: 'scale' must be a map {{name: largest value}}, not {shown(given)}")
    ranges: dict[str, tuple[float, float]] = {}
    for name, value in given.items():
        ends = value if isinstance(value, list) and len(value) == 2 else [0, value]
        if not isinstance(name, str) or not all(map(_is_finite, ends)) or not ends[0] < ends[1]:
            raise InputError(
                f"{path}: 'scale' of {shown(name)} must be its largest value (above 0) or [smallest, largest], "
                f"not {shown(value)}"
            )
        ranges[name] = (float(ends[0]), float(ends[1]))
    return ranges


def _splits(path: Path, given: Any) -> dict[str, tuple[str, ...]] | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise InputError(f"{path}: 'splits' must be a map {{split: [paths]}}, not {shown(given)}")
    check_keys(path, given, SPLITS, " under 'splits'")
    return {split: _names(path, given, split) or () for split in given}


def _is_finite(value: Any) -> bool:
    return (
        isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e300 and math.isfinite(value)
    )
