"""What a model file says of clouds: how their files are read, and how a site's features come from their points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bscnet.clouds.reading import Reading
from bscnet.errors import InputError


def feature_names(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the features that a checkpoint's network sees; those that say none are of colours."""
    return tuple(metadata.get("features", ["rgb"]))


def cloud_facts(checkpoint: Path, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The entries `features` and `reading` of a model's description (docs/engine.md).

    Args:
        checkpoint: for the error.
        metadata: of the checkpoint. Those of version 0.1.0 have no `reading`; they may have `cloud_ranges`, the scale
            of measured values, or None there where no cloud's file gives the features.

    Raises:
        InputError: its reading is none.
    """
    names = feature_names(metadata)
    ranges = metadata.get("cloud_ranges", {} if names == ("rgb",) else None)
    taken = metadata.get("takes_clouds", ranges is not None)
    try:
        known = metadata.get("reading")
        reading = Reading(scale=ranges or {}) if known is None else Reading.from_dict(known)
        described = reading.as_dict()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"checkpoint {checkpoint} does not say rightly how clouds are read ({type(error).__name__}: {error})"
        ) from error
    return {"features": feature_recipe(names) if taken else given_features(names), "reading": described}


def feature_recipe(names: Sequence[str]) -> dict[str, Any]:
    """Of features that are made from a cloud's points."""
    return {"kind": "cloud", "names": list(names), "scale": 127.5, "offset": -1.0}  # colours as of `colour_features`


def given_features(names: Sequence[str]) -> dict[str, Any]:
    """Of features that no cloud's points give."""
    return {"kind": "given", "names": list(names)}
