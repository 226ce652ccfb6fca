"""Module paths of layers, shortened for tables that have a column of levels."""

from __future__ import annotations


def layer_label(layer: str) -> str:
    """A module path without what its level says: `levels.deeper.encoder.0.1.conv` is `encoder.0.1.conv`."""
    return ".".join(word for word in layer.split(".") if word not in ("levels", "deeper"))
