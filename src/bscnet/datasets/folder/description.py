"""`dataset.yaml`: what a folder's files do not say themselves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bscnet.datasets.folder.classes import ClassMap, parse_classes
from bscnet.datasets.folder.cloud import UNITS
from bscnet.datasets.folder.strict_yaml import check_keys, load, shown
from bscnet.errors import InputError

FILE_NAME = "dataset.yaml"
SPLITS = ("train", "val", "test")
COLOR_RANGES = ("auto", "1", "255", "65535")
INVALID = ("error", "drop")

KEYS = ("classes", "ignore", "label", "features", "units", "colors", "columns", "scale", "splits", "invalid_points")


@dataclass(frozen=True)
class Description:
    """How the files of a folder are to be understood.

    path: of the description, whether it exists or not. classes: labels and class names. label: column with the labels
    (None: by its usual names). features: see `bscnet.data.features`; empty until `read_description` has looked. units:
    of the coordinates. colors: largest value of a colour channel. columns: of text files. scale: (low, high) of a
    measured value, which become -1 and 1. splits: paths below the root (None: the folders train, val, test).
    invalid_points: what to do with points whose coordinates are not finite.
    """

    path: Path
    classes: ClassMap = field(default_factory=ClassMap)
    label: str | None = None
    features: tuple[str, ...] = ()
    units: str = "m"
    colors: str = "auto"
    columns: tuple[str, ...] | None = None
    scale: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    splits: Mapping[str, tuple[str, ...]] | None = None
    invalid_points: str = "error"

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of class 0, 1, …; empty where none are described."""
        return self.classes.names

    @property
    def metres(self) -> float:
        """Metres in a unit of the coordinates."""
        return UNITS[self.units]

    @property
    def key(self) -> str:
        """All that decides what a file is read as."""
        parts = (self.classes, self.label, self.features, self.units, self.colors, self.columns)
        return repr((*parts, sorted(self.scale.items()), self.invalid_points))


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
        classes = parse_classes(path, given["classes"], given.get("ignore", []))
    elif "ignore" in given:
        raise InputError(f"{path}: 'ignore' needs 'classes' beside it")
    return Description(
        path,
        classes,
        _text(path, given, "label"),
        _names(path, given, "features") or (),
        _choice(path, given, "units", UNITS) or "m",
        _choice(path, given, "colors", COLOR_RANGES) or "auto",
        _names(path, given, "columns"),
        _scale(path, given.get("scale", {})),
        _splits(path, given.get("splits")),
        _choice(path, given, "invalid_points", INVALID) or "error",
    )


def read_description(root: str | Path) -> Description:
    """As `load_description`, with the features that the first scene's file allows where none are described.

    These are rgb if the points have colours, and `one` and `offset` otherwise: shape alone.
    """
    from bscnet.datasets.folder.formats import read_cloud
    from bscnet.datasets.folder.scenes import find_scenes

    description = load_description(root)
    if description.features:
        return description
    files = find_scenes(Path(root), description.splits)
    first = next((path for split in SPLITS for path in files[split].values()), None)
    if first is None:
        raise InputError(f"{root}: no clouds here, they must lie in {', '.join(f'{split}/' for split in SPLITS)}")
    colored = read_cloud(first, description.columns).has_colors
    return replace(description, features=("rgb",) if colored else ("one", "offset"))


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
